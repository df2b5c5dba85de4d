// The store of the API server in tests: Debian's etcd is too old for lists by watch.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
