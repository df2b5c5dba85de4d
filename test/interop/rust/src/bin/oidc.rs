//! Verifies tokens as an OIDC client does that knows nothing but an issuer: `oidc ISSUER AUDIENCE ROOTS.pem` reads a token a line and
//! prints `ok SUBJECT` or `FAIL reason` a line. `jsonwebtoken` keeps no keys, so the set is fetched for each token and parsed whole.

use jsonwebtoken::{decode, decode_header, jwk::JwkSet, Algorithm, DecodingKey, Validation};
use std::{env, error::Error, fs, io, sync::Arc};
use ureq::{
    tls::{parse_pem, PemItem, RootCerts, TlsConfig},
    Agent,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn agent(roots: &str) -> Outcome<Agent> {
    let pem = fs::read(roots)?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    let roots = RootCerts::Specific(Arc::new(certificates));
    let tls = TlsConfig::builder().root_certs(roots).build();
    Ok(Agent::config_builder().tls_config(tls).build().into())
}

fn fetched<T: serde::de::DeserializeOwned>(agent: &Agent, url: &str) -> Outcome<T> {
    Ok(serde_json::from_str(&agent.get(url).call()?.body_mut().read_to_string()?)?)
}

#[derive(serde::Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    id_token_signing_alg_values_supported: Vec<Algorithm>,
}

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
}

fn verify(agent: &Agent, discovery: &Discovery, audience: &str, token: &str) -> Outcome<String> {
    let keys: JwkSet = fetched(agent, &discovery.jwks_uri)?;
    let kid = decode_header(token)?.kid.ok_or("no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("an unknown kid")?)?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.algorithms = discovery.id_token_signing_alg_values_supported.clone();
    validation.set_audience(&[audience]);
    validation.set_issuer(&[&discovery.issuer]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    Ok(decode::<Claims>(token, &key, &validation)?.claims.sub)
}

fn main() -> Outcome<()> {
    let words: Vec<String> = env::args().collect();
    let agent = agent(&words[3])?;
    let discovery: Discovery = fetched(&agent, &format!("{}/.well-known/openid-configuration", words[1]))?;
    assert_eq!(discovery.issuer, words[1]);
    for line in io::stdin().lines() {
        match verify(&agent, &discovery, &words[2], &line?) {
            Ok(subject) => println!("ok {subject}"),
            Err(reason) => println!("FAIL {reason}"),
        }
    }
    Ok(())
}
