package gen

var (
	from1 = []string{"principals", "namespaces"}
	to1   = []string{"methods", "paths", "hosts", "ports"}
	when1 = []string{"request.headers"}
	fromX = []string{"principals", "namespaces", "serviceAccounts", "ipBlocks", "remoteIpBlocks", "trustDomains"}
	whenX = []string{"request.headers", "source.ip", "remote.ip", "source.namespace", "source.principal", "source.serviceAccount", "source.trustDomain", "destination.ip", "destination.port", "connection.sni", "experimental.envoy.filters"}
	whenJ = []string{"request.auth.claims", "request.auth.claims", "request.auth.principal", "request.auth.audiences", "request.auth.presenter", "request.headers"}
)

// Worlds are the kinds of world; -seed N makes fresh ones.
func Worlds() []Profile {
	return []Profile{
		{Name: "t1-basic", Tier: 1, Sets: 420, PerSet: 18, From: from1, To: to1, When: when1, Seed: 5101},
		{Name: "t1-raw", Tier: 1, Sets: 300, PerSet: 18, RawHeader: true, Dup: true, OddIDs: true, From: from1, To: to1, When: when1, Seed: 5102},
		{Name: "t1-root", Tier: 1, Sets: 180, PerSet: 18, Root: true, From: from1, To: to1, When: when1, Seed: 5103},
		{Name: "t2-all", Tier: 2, Sets: 420, PerSet: 18, TCPPerSet: 3, RawHeader: true, Dup: true, OddIDs: true, V6: true, Templates: true, Rare: true, From: fromX, To: to1, When: whenX, Seed: 5201},
		{Name: "t2-joined", Tier: 2, Sets: 180, PerSet: 18, OddIDs: true, V6: true, Templates: true, Rare: true, From: fromX, To: to1, When: whenX, Seed: 5202},
		{Name: "t2-jwt", Tier: 2, Sets: 420, PerSet: 17, RawHeader: true, Dup: true, JWT: true, From: []string{"requestPrincipals", "principals"}, To: to1, When: whenJ, Seed: 5203},
		{Name: "t2-jwt-joined", Tier: 2, Sets: 120, PerSet: 18, JWT: true, From: []string{"requestPrincipals"}, To: []string{"methods", "paths"}, When: whenJ, Seed: 5204},
		{Name: "t2-root", Tier: 2, Sets: 150, PerSet: 18, TCPPerSet: 2, RawHeader: true, Dup: true, OddIDs: true, Templates: true, Rare: true, Root: true, From: fromX, To: to1, When: whenX, Seed: 5205},
		{Name: "t2-aliases", Tier: 2, Sets: 150, PerSet: 18, TCPPerSet: 2, OddIDs: true, From: []string{"principals", "namespaces", "trustDomains", "serviceAccounts"}, To: []string{"methods", "paths"}, When: []string{"source.principal", "source.trustDomain"}, Aliases: []string{"old.local", "older.example"}, Seed: 5206},
		{Name: "t2-gateway", Tier: 2, Sets: 100, PerSet: 18, RawHeader: true, UseRemote: true, Hops: 1, V6: true, From: []string{"ipBlocks", "remoteIpBlocks", "principals"}, To: []string{"methods", "paths", "hosts"}, When: []string{"source.ip", "remote.ip", "request.headers"}, Seed: 5207},
		{Name: "t2-tcp", Tier: 2, Sets: 160, PerSet: 0, TCPPerSet: 18, OddIDs: true, V6: true, From: []string{"principals", "namespaces", "serviceAccounts", "ipBlocks", "requestPrincipals"}, To: []string{"ports", "ports", "paths"}, When: []string{"source.ip", "destination.port", "connection.sni", "request.headers", "source.principal"}, Seed: 5208},
	}
}
