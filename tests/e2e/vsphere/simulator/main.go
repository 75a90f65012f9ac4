// A vCenter for tests: the govmomi simulator, with tasks that take time, faults on demand, counters.
//
// It listens on 127.0.0.1 only, says in one JSON line where and with which certificate, takes
// commands as JSON lines on its standard input, answers each one in a line, and ends with its input.
// So it never outlives the test that started it.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/vmware/govmomi/simulator"
)

const (
	user     = "lab@vsphere.local"
	password = "correct horse"
)

// The first line that is printed.
type greeting struct {
	Host        string `json:"host"`
	Port        int    `json:"port"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Sha256      string `json:"sha256"`
	Certificate string `json:"certificate"`
}

func main() {
	esx := flag.Bool("esx", false, "be one ESXi host without a vCenter")
	hosts := flag.Int("hosts", 3, "hosts of the cluster")
	verbose := flag.Bool("verbose", false, "log on standard error")
	flag.Parse()
	if !*verbose {
		log.SetOutput(io.Discard)
	}
	if err := run(*esx, *hosts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(esx bool, hosts int) error {
	model := inventory(esx, hosts)
	defer model.Remove()
	if err := model.Create(); err != nil {
		return err
	}
	s := newServer(model.Service)
	s.enlarge()
	certificate, err := certify()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().(*net.TCPAddr)
	model.Service.Listen = &url.URL{
		Scheme: "https", Host: address.String(), Path: simulator.Map.Path,
		User: url.UserPassword(user, password),
	}
	simulator.Map.SessionManager().ServiceHostName = address.String()
	s.shelf = newShelf(model.Service)
	mux := http.NewServeMux()
	mux.HandleFunc("/rest/", s.serveRest)
	mux.Handle(simulator.Map.Path, s)
	mux.HandleFunc(simulator.Map.Path+"/vimServiceVersions.xml", model.Service.ServiceVersions)
	// HTTP/1.1 alone, since a connection that is to be dropped is taken over (http.Hijacker).
	go http.Serve(tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"},
	}), mux)
	digest := sha256.Sum256(certificate.Certificate[0])
	block := &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}
	say(greeting{
		Host: "127.0.0.1", Port: address.Port, User: user, Password: password,
		Sha256:      hex.EncodeToString(digest[:]),
		Certificate: string(pem.EncodeToMemory(block)),
	})
	obey(s, os.Stdin)
	return nil
}

// obey answers commands, one a line, until there are no more.
func obey(s *server, input io.Reader) {
	lines := bufio.NewReader(input)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		answer, err := s.command(line)
		if err != nil {
			say(map[string]string{"error": err.Error()})
		} else {
			say(map[string]interface{}{"answer": answer})
		}
	}
}

func say(what interface{}) {
	line, err := json.Marshal(what)
	if err != nil {
		line = []byte(`{"error": "the answer is no JSON"}`)
	}
	fmt.Println(string(line))
}

// certify makes a key and a certificate for 127.0.0.1; the simulator's own is refused as too weak.
func certify() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "vCenter of the tests"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
