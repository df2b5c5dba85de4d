//! The `spiffe` crate against a SPIFFE Workload API: `interop SOCKET fetch | watch SECONDS | serve | dial PORT | jwt AUDIENCE | federated TOKEN`.

use futures_util::StreamExt;
use rustls::pki_types::ServerName;
use spiffe::{TrustDomain, WorkloadApiClient, X509Source};
use spiffe_rustls::{authorizer, mtls_client, mtls_server};
use std::{collections::HashSet, env, error::Error, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const TRUST_DOMAIN: &str = "cluster.local";

type Outcome = Result<String, Box<dyn Error>>;

async fn fetch(client: &WorkloadApiClient) -> Outcome {
    let svid = client.fetch_x509_svid().await?;
    let bundles = client.fetch_x509_bundles().await?;
    let roots = bundles.get(&TrustDomain::new(TRUST_DOMAIN)?).ok_or("no bundle of our own")?.authorities().len();
    Ok(format!("{{\"spiffeId\":\"{}\",\"roots\":{roots}}}", svid.spiffe_id()))
}

async fn watch(client: &WorkloadApiClient, seconds: u64) -> Outcome {
    let mut seen = HashSet::new();
    let mut stream = client.stream_x509_svids().await?;
    let renewed = async {
        while seen.len() < 2 {
            let svid = stream.next().await.ok_or("the stream ended")??;
            seen.insert(svid.cert_chain()[0].as_bytes().to_vec());
        }
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::time::timeout(Duration::from_secs(seconds), renewed).await??;
    Ok("{\"certificates\":2}".into())
}

async fn serve(source: X509Source) -> Outcome {
    let config = mtls_server(source).authorize(authorizer::trust_domains([TRUST_DOMAIN])?).build()?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (raw, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(mut tls) = acceptor.accept(raw).await else { return };
            let mut line = [0; 1024];
            while let Ok(n @ 1..) = tls.read(&mut line).await {
                if tls.write_all(&line[..n]).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn dial(source: X509Source, port: u16) -> Outcome {
    let config = mtls_client(source).authorize(authorizer::trust_domains([TRUST_DOMAIN])?).build()?;
    let raw = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut tls = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, raw).await?;
    tls.write_all(b"ping\n").await?;
    let mut answer = [0; 5];
    tls.read_exact(&mut answer).await?;
    if &answer != b"ping\n" {
        return Err(format!("got {answer:?}").into());
    }
    Ok("{\"dialled\":true}".into())
}

async fn jwt(client: &WorkloadApiClient, audience: &str) -> Outcome {
    let svid = client.fetch_jwt_svid([audience], None).await?;
    let token = svid.token();
    client.validate_jwt_token(audience, token).await?;
    let bundles = client.fetch_jwt_bundles().await?;
    spiffe::JwtSvid::parse_and_validate(token, &bundles, &[audience])?;
    if client.validate_jwt_token("somebody-else", token).await.is_ok() {
        return Err("a wrong audience passes".into());
    }
    Ok(format!("{{\"spiffeId\":\"{}\"}}", svid.spiffe_id()))
}

/// Validates another trust domain's JWT-SVID for "shop", and counts that trust domain's roots.
async fn federated(client: &WorkloadApiClient, token: &str) -> Outcome {
    let svid = spiffe::JwtSvid::parse_and_validate(token, &client.fetch_jwt_bundles().await?, &["shop"])?;
    let bundles = client.fetch_x509_bundles().await?;
    let theirs = bundles.get(svid.spiffe_id().trust_domain()).ok_or("no bundle of theirs")?;
    Ok(format!("{} by {} of {} bundles", svid.spiffe_id(), theirs.authorities().len(), bundles.len()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().collect();
    let endpoint = format!("unix:{}", words[1]);
    env::set_var("SPIFFE_ENDPOINT_SOCKET", &endpoint);
    let client = WorkloadApiClient::connect_to(&endpoint).await?;
    let said = match words[2].as_str() {
        "fetch" => fetch(&client).await?,
        "watch" => watch(&client, words[3].parse()?).await?,
        "serve" => serve(X509Source::new().await?).await?,
        "dial" => dial(X509Source::new().await?, words[3].parse()?).await?,
        "jwt" => jwt(&client, &words[3]).await?,
        "federated" => federated(&client, &words[3]).await?,
        other => return Err(format!("no verb {other}").into()),
    };
    println!("{said}");
    Ok(())
}
