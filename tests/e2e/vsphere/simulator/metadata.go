package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/vmware/govmomi/simulator"
)

// What cloud-init reads from guestinfo.metadata; YAML that is JSON, too, is all that is understood.
type metadata struct {
	Name    string `json:"local-hostname"`
	Network struct {
		Ethernets map[string]struct {
			Match struct {
				Mac string `json:"macaddress"`
			} `json:"match"`
			Addresses []string `json:"addresses"`
		} `json:"ethernets"`
	} `json:"network"`
}

func cloudInit(vm *simulator.VirtualMachine) metadata {
	var read metadata
	for _, each := range vm.Config.ExtraConfig {
		option := each.GetOptionValue()
		if option.Key != "guestinfo.metadata" {
			continue
		}
		text, _ := option.Value.(string)
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
			_ = json.Unmarshal(decoded, &read)
		}
	}
	return read
}

// address returns what a card was told to have, without the network's width.
func (m *metadata) address(mac string) string {
	for _, card := range m.Network.Ethernets {
		if strings.EqualFold(card.Match.Mac, mac) && len(card.Addresses) > 0 {
			return strings.SplitN(card.Addresses[0], "/", 2)[0]
		}
	}
	return ""
}
