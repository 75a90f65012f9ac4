package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A machine as a snapshot has saved it.
type saved struct {
	devices devices
	extra   []types.BaseOptionValue
	cpus    int32
	memory  int64
	note    string
	running bool
}

// options returns settings with others put over them; an empty value removes one, as documented.
func options(have, change []types.BaseOptionValue) []types.BaseOptionValue {
	made := append([]types.BaseOptionValue{}, have...)
	for _, each := range change {
		option := each.GetOptionValue()
		rest := made[:0:0]
		for _, old := range made {
			if old.GetOptionValue().Key != option.Key {
				rest = append(rest, old)
			}
		}
		if text, ok := option.Value.(string); !ok || text != "" {
			rest = append(rest, option)
		}
		made = rest
	}
	return made
}

func running(vm *simulator.VirtualMachine) bool {
	return vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
}

func (s *server) reconfigure(
	vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec,
) types.BaseMethodFault {
	if running(vm) {
		hardware := vm.Config.Hardware
		if spec.NumCPUs != 0 && spec.NumCPUs != hardware.NumCPU {
			return new(types.CpuHotPlugNotSupported)
		}
		if spec.MemoryMB != 0 && spec.MemoryMB != int64(hardware.MemoryMB) {
			return new(types.MemoryHotPlugNotSupported)
		}
	}
	have, fault := copied(vm.Config.Hardware.Device)
	if fault != nil {
		return fault
	}
	if _, fault = s.merged(have, spec.DeviceChange, vm); fault != nil {
		return fault
	}
	for _, each := range spec.DeviceChange {
		change := each.GetVirtualDeviceConfigSpec()
		card, ok := change.Device.(types.BaseVirtualEthernetCard)
		if ok && change.Operation != types.VirtualDeviceConfigSpecOperationRemove {
			s.address(card.GetVirtualEthernetCard())
		}
	}
	extra := options(vm.Config.ExtraConfig, spec.ExtraConfig)
	spec.ExtraConfig = nil // which the library would append to what is there
	_, fault = s.invoke(vm.Self, "ReconfigVM_Task", &types.ReconfigVM_Task{
		This: vm.Self, Spec: *spec,
	})
	if fault != nil {
		return fault
	}
	change(vm, "config.extraConfig", extra)
	wire(vm, true)
	return nil
}

func (s *server) destroy(vm *simulator.VirtualMachine) types.BaseMethodFault {
	_, fault := s.invoke(vm.Self, "Destroy_Task", &types.Destroy_Task{This: vm.Self})
	if fault == nil {
		wire(vm, false)
		// The library leaves a template in the list of the pool that it was in before.
		for _, each := range simulator.Map.All("ResourcePool") {
			pool := each.(*simulator.ResourcePool)
			simulator.Map.RemoveReference(pool, &pool.Vm, vm.Self)
		}
	}
	return fault
}

func (s *server) powerOn(vm *simulator.VirtualMachine) types.BaseMethodFault {
	s.mu.Lock()
	limit := s.settings.Memory
	s.mu.Unlock()
	if limit > 0 {
		used := int64(vm.Config.Hardware.MemoryMB)
		for _, each := range simulator.Map.All("VirtualMachine") {
			if other := each.(*simulator.VirtualMachine); running(other) {
				used += int64(other.Config.Hardware.MemoryMB)
			}
		}
		if used > limit {
			return &types.InsufficientMemoryResourcesFault{
				Unreserved: limit << 20, Requested: int64(vm.Config.Hardware.MemoryMB) << 20,
			}
		}
	}
	_, fault := s.invoke(vm.Self, "PowerOnVM_Task", &types.PowerOnVM_Task{This: vm.Self})
	if fault == nil {
		s.boot(vm)
	}
	return fault
}

func (s *server) powerOff(vm *simulator.VirtualMachine) types.BaseMethodFault {
	_, fault := s.invoke(vm.Self, "PowerOffVM_Task", &types.PowerOffVM_Task{This: vm.Self})
	if fault == nil {
		s.down(vm)
	}
	return fault
}

func (s *server) reset(vm *simulator.VirtualMachine) types.BaseMethodFault {
	if !running(vm) {
		return &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOn,
			ExistingState:  vm.Runtime.PowerState,
		}
	}
	s.down(vm)
	s.boot(vm)
	return nil
}

func (s *server) snapshot(
	vm *simulator.VirtualMachine, r *types.CreateSnapshot_Task,
) (types.AnyType, types.BaseMethodFault) {
	parts, fault := copied(vm.Config.Hardware.Device)
	if fault != nil {
		return nil, fault
	}
	result, fault := s.invoke(vm.Self, "CreateSnapshot_Task", r)
	if fault != nil {
		return nil, fault
	}
	ref := result.(reference)
	hardware := vm.Config.Hardware
	on := running(vm) && r.Memory
	s.saved[ref] = saved{
		parts, vm.Config.ExtraConfig, hardware.NumCPU, int64(hardware.MemoryMB),
		vm.Config.Annotation, on,
	}
	if !on {
		simulator.Map.WithLock(vm, func() {
			if found := inTree(vm.Snapshot.RootSnapshotList, ref); found != nil {
				found.State = types.VirtualMachinePowerStatePoweredOff
			}
		})
	}
	return ref, nil
}

func inTree(
	tree []types.VirtualMachineSnapshotTree, ref reference,
) *types.VirtualMachineSnapshotTree {
	for at := range tree {
		if tree[at].Snapshot == ref {
			return &tree[at]
		}
		if found := inTree(tree[at].ChildSnapshotList, ref); found != nil {
			return found
		}
	}
	return nil
}

// revert brings a machine back: its hardware, its settings, and whether it runs.
func (s *server) revert(snapshot *simulator.VirtualMachineSnapshot) types.BaseMethodFault {
	vm := simulator.Map.Get(snapshot.Vm).(*simulator.VirtualMachine)
	before, ok := s.saved[snapshot.Self]
	if !ok {
		return &types.ManagedObjectNotFound{Obj: snapshot.Self}
	}
	parts, fault := copied(before.devices)
	if fault != nil {
		return fault
	}
	if running(vm) && !before.running {
		if fault = s.powerOff(vm); fault != nil {
			return fault
		}
	}
	change(vm,
		"config.hardware.device", []types.BaseVirtualDevice(parts),
		"config.hardware.numCPU", before.cpus,
		"config.hardware.memoryMB", int32(before.memory),
		"config.annotation", before.note,
		"config.extraConfig", before.extra,
		"snapshot.currentSnapshot", snapshot.Self)
	if before.running && !running(vm) {
		return s.powerOn(vm)
	}
	return nil
}
