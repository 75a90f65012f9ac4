package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// clone makes a machine from another one, with all that the clone specification asks for; the
// library's own leaves out the annotation, CPU, memory, power-on, customization and disk chain.
func (s *server) clone(
	source *simulator.VirtualMachine, r *types.CloneVM_Task,
) (types.AnyType, types.BaseMethodFault) {
	folder, ok := simulator.Map.Get(r.Folder).(*simulator.Folder)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: r.Folder}
	}
	if found := sibling(folder, r.Name); found != nil {
		return nil, &types.DuplicateName{Name: r.Name, Object: *found}
	}
	pool := r.Spec.Location.Pool
	if pool == nil {
		pool = source.ResourcePool // a template has none
	}
	if pool == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
	}
	if simulator.Map.Get(*pool) == nil {
		return nil, &types.ManagedObjectNotFound{Obj: *pool}
	}
	store, fault := storeOf(source, r.Spec.Location.Datastore)
	if fault != nil {
		return nil, fault
	}
	wanted := r.Spec.Config
	if wanted == nil {
		wanted = new(types.VirtualMachineConfigSpec)
	}
	made, parts, fault := s.draft(source, r, wanted, store)
	if fault != nil {
		return nil, fault
	}
	result, fault := s.invoke(r.Folder, "CreateVM_Task", &types.CreateVM_Task{
		This: r.Folder, Config: made, Pool: *pool, Host: r.Spec.Location.Host,
	})
	if fault != nil {
		return nil, fault
	}
	vm := simulator.Map.Get(result.(reference)).(*simulator.VirtualMachine)
	s.inheritAll(source, vm, wanted, parts)
	return vm.Self, s.finish(vm, r)
}

// finish does to a clone what comes after the copy: template, customization and power.
func (s *server) finish(
	vm *simulator.VirtualMachine, r *types.CloneVM_Task,
) types.BaseMethodFault {
	if r.Spec.Template {
		_, fault := s.invoke(vm.Self, "MarkAsTemplate", &types.MarkAsTemplate{This: vm.Self})
		return fault
	}
	if r.Spec.Customization != nil {
		if fault := s.customize(vm, r.Spec.Customization); fault != nil {
			return fault
		}
	}
	if r.Spec.PowerOn {
		return s.powerOn(vm)
	}
	return nil
}

func storeOf(
	source *simulator.VirtualMachine, wanted *reference,
) (*simulator.Datastore, types.BaseMethodFault) {
	if wanted == nil {
		wanted = &source.Datastore[0]
	}
	store, ok := simulator.Map.Get(*wanted).(*simulator.Datastore)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: *wanted}
	}
	return store, nil
}

// draft makes the specification of the new machine, and refuses what cannot be made.
func (s *server) draft(
	source *simulator.VirtualMachine,
	r *types.CloneVM_Task,
	wanted *types.VirtualMachineConfigSpec,
	store *simulator.Datastore,
) (types.VirtualMachineConfigSpec, devices, types.BaseMethodFault) {
	none := types.VirtualMachineConfigSpec{}
	all, fault := copied(source.Config.Hardware.Device)
	if fault != nil {
		return none, nil, fault
	}
	parts := own(all)
	for _, each := range parts.SelectByType((*types.VirtualEthernetCard)(nil)) {
		each.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard().MacAddress = ""
	}
	changes := append(
		append([]types.BaseVirtualDeviceConfigSpec{}, r.Spec.Location.DeviceChange...),
		wanted.DeviceChange...)
	if parts, fault = s.merged(parts, changes, source); fault != nil {
		return none, nil, fault
	}
	linked := r.Spec.Location.DiskMoveType == string(
		types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	if linked && r.Spec.Snapshot == nil {
		return none, nil, &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
	}
	made := types.VirtualMachineConfigSpec{
		Name: r.Name, GuestId: source.Config.GuestId, Annotation: source.Config.Annotation,
		NumCPUs: source.Config.Hardware.NumCPU, MemoryMB: int64(source.Config.Hardware.MemoryMB),
		NumCoresPerSocket: source.Config.Hardware.NumCoresPerSocket,
		InstanceUuid:      wanted.InstanceUuid,
		Files:             &types.VirtualMachineFileInfo{VmPathName: "[" + store.Name + "] " + r.Name},
	}
	if wanted.Annotation != "" {
		made.Annotation = wanted.Annotation
	}
	if wanted.NumCPUs > 0 {
		made.NumCPUs = wanted.NumCPUs
	}
	if wanted.MemoryMB > 0 {
		made.MemoryMB = wanted.MemoryMB
	}
	var needed int64
	for _, each := range parts {
		change := &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: each,
		}
		switch device := each.(type) {
		case *types.VirtualDisk:
			change.FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
			needed += chain(device, linked)
		case types.BaseVirtualEthernetCard:
			s.address(device.GetVirtualEthernetCard())
		}
		made.DeviceChange = append(made.DeviceChange, change)
	}
	if needed > store.Summary.FreeSpace {
		return none, nil, &types.NoDiskSpace{
			FileFault: types.FileFault{File: made.Files.VmPathName}, Datastore: store.Name,
		}
	}
	return made, parts, nil
}

// chain leads a disk to its parent, or makes it one of its own; returns the bytes that it takes.
func chain(disk *types.VirtualDisk, linked bool) int64 {
	backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok {
		return 0
	}
	parent := *backing
	backing.FileName, backing.Parent = "", nil
	if linked {
		backing.Parent = &parent
		return 0
	}
	return disk.CapacityInKB * 1024
}

// inheritAll gives the clone what it has from its source, and what was asked for beyond that.
func (s *server) inheritAll(
	source, vm *simulator.VirtualMachine, wanted *types.VirtualMachineConfigSpec, parts devices,
) {
	extra := options(source.Config.ExtraConfig, wanted.ExtraConfig)
	simulator.Map.WithLock(vm, func() {
		simulator.Map.Update(vm, []types.PropertyChange{{Name: "config.extraConfig", Val: extra}})
		vm.Guest = s.guests.off(source)
		vm.Summary.Guest = summary(vm.Guest)
	})
	wire(vm, true)
}
