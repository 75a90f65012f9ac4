package main

import (
	"bytes"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

type devices = object.VirtualDeviceList

// copied returns devices that share nothing with those that were given.
func copied(given []types.BaseVirtualDevice) (devices, types.BaseMethodFault) {
	var text bytes.Buffer
	from := types.VirtualHardware{Device: given}
	if err := xml.NewEncoder(&text).Encode(from); err != nil {
		return nil, &types.SystemError{Reason: err.Error()}
	}
	decoder := xml.NewDecoder(&text)
	decoder.TypeFunc = nameOf
	var to types.VirtualHardware
	if err := decoder.Decode(&to); err != nil {
		return nil, &types.SystemError{Reason: err.Error()}
	}
	return to.Device, nil
}

// own returns those devices that a machine does not have by itself.
func own(all devices) devices {
	standard := devices(esx.VirtualDevice)
	return all.Select(func(each types.BaseVirtualDevice) bool {
		return standard.Find(all.Name(each)) == nil
	})
}

// merged returns devices with changes made to them; nothing is made for a machine yet.
func (s *server) merged(
	have devices, changes []types.BaseVirtualDeviceConfigSpec, vm mo.Entity,
) (devices, types.BaseMethodFault) {
	for at, each := range changes {
		spec := each.GetVirtualDeviceConfigSpec()
		if fault := s.check(spec, vm); fault != nil {
			return nil, fault
		}
		key := spec.Device.GetVirtualDevice().Key
		found := have.FindByKey(key)
		switch spec.Operation {
		case types.VirtualDeviceConfigSpecOperationAdd:
			have = append(have, spec.Device)
			continue
		}
		if found == nil {
			return nil, &types.InvalidDeviceSpec{DeviceIndex: int32(at)}
		}
		rest := have.Select(func(each types.BaseVirtualDevice) bool { return each != found })
		if spec.Operation == types.VirtualDeviceConfigSpecOperationEdit {
			s.inherit(found, spec.Device)
			rest = append(rest, spec.Device)
		}
		have = rest
	}
	return have, nil
}

// inherit fills in what an edit of a device has left out.
func (s *server) inherit(before, after types.BaseVirtualDevice) {
	old, made := before.GetVirtualDevice(), after.GetVirtualDevice()
	if made.UnitNumber == nil {
		made.UnitNumber = old.UnitNumber
	}
	if made.ControllerKey == 0 {
		made.ControllerKey = old.ControllerKey
	}
	if made.DeviceInfo == nil {
		label := ""
		if old.DeviceInfo != nil {
			label = old.DeviceInfo.GetDescription().Label
		}
		made.DeviceInfo = &types.Description{Label: label}
	}
	if made.Backing == nil {
		made.Backing = old.Backing
	}
	if card, ok := after.(types.BaseVirtualEthernetCard); ok {
		if card.GetVirtualEthernetCard().MacAddress == "" {
			was := before.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
			card.GetVirtualEthernetCard().MacAddress = was.MacAddress
		}
	}
}

// check refuses a card on a network that there is not, before anything is half made.
func (s *server) check(spec *types.VirtualDeviceConfigSpec, vm mo.Entity) types.BaseMethodFault {
	card, ok := spec.Device.(types.BaseVirtualEthernetCard)
	if !ok || spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
		return nil
	}
	made := card.GetVirtualEthernetCard()
	switch backing := made.Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		for _, each := range simulator.Map.All("Network") {
			network, ok := each.(*mo.Network)
			if ok && network.Name == backing.DeviceName && datacenter(network) == datacenter(vm) {
				return nil
			}
		}
		return &types.InvalidDeviceBacking{InvalidDeviceSpec: types.InvalidDeviceSpec{
			InvalidVmConfig: types.InvalidVmConfig{Property: "deviceChange.device.backing"},
		}}
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		group, ok := simulator.Map.Get(reference{
			Type: "DistributedVirtualPortgroup", Value: backing.Port.PortgroupKey,
		}).(*simulator.DistributedVirtualPortgroup)
		if ok {
			dvs := simulator.Map.Get(*group.Config.DistributedVirtualSwitch)
			if dvs.(*simulator.DistributedVirtualSwitch).Uuid == backing.Port.SwitchUuid {
				return nil
			}
		}
		return &types.InvalidArgument{InvalidProperty: "spec.deviceChange.device.backing.port"}
	}
	return nil
}

// address gives a card an address as a vCenter assigns them, unless it has one.
func (s *server) address(card *types.VirtualEthernetCard) {
	if card.MacAddress == "" {
		s.guests.cards++
		n := s.guests.cards
		card.MacAddress = fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80+n>>16, n>>8&0xff, n&0xff)
		card.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
	}
}

func datacenter(entity mo.Entity) reference {
	for entity != nil {
		parent := entity.Entity().Parent
		if parent == nil {
			break
		}
		if parent.Type == "Datacenter" {
			return *parent
		}
		entity, _ = simulator.Map.Get(*parent).(mo.Entity)
	}
	return reference{}
}

// wire notes at the networks which machines are on them; the library does not.
func wire(vm *simulator.VirtualMachine, on bool) {
	for _, each := range simulator.Map.All("DistributedVirtualPortgroup") {
		group := each.(*simulator.DistributedVirtualPortgroup)
		simulator.Map.RemoveReference(group, &group.Vm, vm.Self)
		for _, network := range vm.Network {
			if on && network == group.Self {
				simulator.Map.AddReference(group, &group.Vm, vm.Self)
			}
		}
	}
}
