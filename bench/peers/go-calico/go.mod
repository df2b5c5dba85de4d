module gatehouse.bench/peers/calico

go 1.25.0

require (
	github.com/projectcalico/calico v1.11.0-cni-plugin.0.20250813170300-a0db560f0520
	google.golang.org/grpc v1.61.1
)

require (
	github.com/cncf/xds/go v0.0.0-20231109132714-523115ebc101 // indirect
	github.com/docopt/docopt-go v0.0.0-20180111231733-ee0de3bc6815 // indirect
	github.com/envoyproxy/go-control-plane v0.12.0 // indirect
	github.com/envoyproxy/protoc-gen-validate v1.0.2 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/golang/protobuf v1.5.4 // indirect
	github.com/sirupsen/logrus v1.9.3 // indirect
	golang.org/x/net v0.40.0 // indirect
	golang.org/x/sys v0.33.0 // indirect
	golang.org/x/text v0.25.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240205150955-31a09d347014 // indirect
	google.golang.org/protobuf v1.33.0 // indirect
)

// calico's own go.mod replaces this module by a folder of its repository that is not in the module zip.
// Nothing that Dikastes imports needs it, so an empty module stands in.
replace github.com/projectcalico/api => ./apistub
