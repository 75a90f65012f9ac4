package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What is known of all guests.
type guests struct {
	cards     int
	leases    map[string]string
	leads     map[string]string
	customize map[reference]*types.CustomizationSpec
	static    map[reference]map[int]string
}

func newGuests() guests {
	return guests{
		leases:    map[string]string{},
		leads:     map[string]string{},
		customize: map[reference]*types.CustomizationSpec{},
		static:    map[reference]map[int]string{},
	}
}

// lead gives machines the addresses that a test has made for them, by the machine's name.
func (g *guests) lead(addresses map[string]string) {
	for name, address := range addresses {
		g.leads[name] = address
	}
}

const installed = string(types.VirtualMachineToolsVersionStatusGuestToolsUnmanaged)

func hasTools(vm *simulator.VirtualMachine) bool {
	return vm.Guest != nil && vm.Guest.ToolsVersionStatus2 == installed
}

// off is what a vCenter tells of a guest that does not run.
func (g *guests) off(like *simulator.VirtualMachine) *types.GuestInfo {
	made := &types.GuestInfo{
		ToolsStatus:         types.VirtualMachineToolsStatusToolsNotInstalled,
		ToolsVersionStatus2: string(types.VirtualMachineToolsVersionStatusGuestToolsNotInstalled),
		ToolsRunningStatus:  string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning),
		ToolsVersion:        "0",
		GuestState:          string(types.VirtualMachineGuestStateNotRunning),
	}
	if hasTools(like) {
		made.ToolsStatus = types.VirtualMachineToolsStatusToolsNotRunning
		made.ToolsVersionStatus2, made.ToolsVersion = installed, "12352"
	}
	return made
}

func summary(guest *types.GuestInfo) *types.VirtualMachineGuestSummary {
	return &types.VirtualMachineGuestSummary{
		ToolsStatus:         guest.ToolsStatus,
		ToolsVersionStatus2: guest.ToolsVersionStatus2,
		ToolsRunningStatus:  guest.ToolsRunningStatus,
		HostName:            guest.HostName,
		IpAddress:           guest.IpAddress,
	}
}

func show(vm *simulator.VirtualMachine, guest *types.GuestInfo) {
	simulator.Map.WithLock(vm, func() {
		vm.Guest, vm.Summary.Guest = guest, summary(guest)
	})
}

func (s *server) down(vm *simulator.VirtualMachine) {
	show(vm, s.guests.off(vm))
}

// boot lets the guest's tools tell its addresses, when it has had the time to start.
func (s *server) boot(vm *simulator.VirtualMachine) {
	if !hasTools(vm) {
		return
	}
	s.mu.Lock()
	after := seconds(s.settings.Boot)
	s.mu.Unlock()
	if after == 0 {
		s.up(vm)
		return
	}
	started := vm.Summary.Runtime.BootTime
	time.AfterFunc(after, func() {
		s.world.Lock()
		defer s.world.Unlock()
		if running(vm) && vm.Summary.Runtime.BootTime == started {
			s.up(vm)
		}
	})
}

func (s *server) up(vm *simulator.VirtualMachine) {
	guest := s.guests.off(vm)
	guest.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
	guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	guest.GuestState = string(types.VirtualMachineGuestStateRunning)
	guest.HostName = vm.Name
	if spec := s.guests.customize[vm.Self]; spec != nil {
		s.customized(vm, spec, guest)
	}
	told := cloudInit(vm)
	if told.Name != "" {
		guest.HostName = told.Name
	}
	for at, card := range cards(vm) {
		nic := types.GuestNicInfo{
			MacAddress: card.MacAddress, Connected: true, DeviceConfigId: card.Key,
			Network: networkOf(card),
		}
		address := s.guests.static[vm.Self][at]
		if said := told.address(card.MacAddress); said != "" {
			address = said
		}
		if lead := s.guests.leads[vm.Name]; at == 0 && lead != "" {
			address = lead
		}
		if address == "" {
			address = s.lease(card.MacAddress)
		}
		// A card tells its link-local address in any case, often as the first.
		nic.IpAddress = []string{"fe80::250:56ff:fe80:1"}
		if address != "" {
			nic.IpAddress = append(nic.IpAddress, address)
			if guest.IpAddress == "" {
				guest.IpAddress = address
			}
		}
		guest.Net = append(guest.Net, nic)
	}
	show(vm, guest)
}

// customized notes what a customization has written into the guest at its first boot.
func (s *server) customized(
	vm *simulator.VirtualMachine, spec *types.CustomizationSpec, guest *types.GuestInfo,
) {
	if prep, ok := spec.Identity.(*types.CustomizationLinuxPrep); ok {
		if fixed, ok := prep.HostName.(*types.CustomizationFixedName); ok {
			guest.HostName = fixed.Name
		}
	}
	s.guests.static[vm.Self] = map[int]string{}
	for at, each := range spec.NicSettingMap {
		if fixed, ok := each.Adapter.Ip.(*types.CustomizationFixedIp); ok {
			s.guests.static[vm.Self][at] = fixed.IpAddress
		}
	}
	if vm.Config.Tools != nil && vm.Config.Tools.PendingCustomization != "" {
		change(vm, "config.tools.pendingCustomization", "")
	}
}

func (s *server) customize(
	vm *simulator.VirtualMachine, spec *types.CustomizationSpec,
) types.BaseMethodFault {
	switch {
	case running(vm):
		return &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOff,
			ExistingState:  vm.Runtime.PowerState,
		}
	case !hasTools(vm):
		return new(types.UncustomizableGuest)
	case vm.Config.Tools.PendingCustomization != "":
		return new(types.CustomizationPending)
	case len(cards(vm)) != len(spec.NicSettingMap):
		return &types.NicSettingMismatch{
			NumberOfNicsInSpec: int32(len(spec.NicSettingMap)),
			NumberOfNicsInVM:   int32(len(cards(vm))),
		}
	}
	s.guests.customize[vm.Self] = spec
	change(vm, "config.tools.pendingCustomization", "imcf-"+vm.Name)
	return nil
}

// lease returns the address that DHCP gives to a card, the same one each time; nothing when none
// is left.
func (s *server) lease(mac string) string {
	s.mu.Lock()
	limit, network := s.settings.Leases, s.settings.Network
	s.mu.Unlock()
	if found, ok := s.guests.leases[mac]; ok {
		return found
	}
	number := len(s.guests.leases) + 10
	if limit >= 0 && len(s.guests.leases) >= limit {
		return ""
	}
	address := fmt.Sprintf("%s.%d.%d", network, number/250, number%250+1)
	s.guests.leases[mac] = address
	return address
}

func cards(vm *simulator.VirtualMachine) []*types.VirtualEthernetCard {
	var found []*types.VirtualEthernetCard
	for _, each := range vm.Config.Hardware.Device {
		if card, ok := each.(types.BaseVirtualEthernetCard); ok {
			found = append(found, card.GetVirtualEthernetCard())
		}
	}
	return found
}

func networkOf(card *types.VirtualEthernetCard) string {
	switch backing := card.Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return backing.DeviceName
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		return named(reference{
			Type: "DistributedVirtualPortgroup", Value: backing.Port.PortgroupKey,
		})
	}
	return ""
}

// askGuest lets the tools shut the guest down, or start it again.
func (s *server) askGuest(w http.ResponseWriter, c *call) {
	vm, ok := simulator.Map.Get(c.this).(*simulator.VirtualMachine)
	if !ok {
		fault := &types.ManagedObjectNotFound{Obj: c.this}
		answerFault(w, message(fault), fault)
		return
	}
	if !running(vm) || vm.Guest.GuestState != string(types.VirtualMachineGuestStateRunning) {
		fault := new(types.ToolsUnavailable)
		answerFault(w, message(fault), fault)
		return
	}
	s.mu.Lock()
	after := seconds(s.settings.Task)
	s.mu.Unlock()
	time.AfterFunc(after, func() {
		s.world.Lock()
		defer s.world.Unlock()
		if c.method == "ShutdownGuest" {
			_, _ = safely(func() (types.AnyType, types.BaseMethodFault) {
				return nil, s.powerOff(vm)
			})
		}
	})
	answerNothing(w, c.method)
}
