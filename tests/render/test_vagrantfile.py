from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.plan import derive
from labkit.render import boxes, libvirt, vagrantfile, virtualbox

if TYPE_CHECKING:
    import pathlib
    import subprocess
    from collections.abc import Callable

    from labkit.plan import model

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Write = Callable[[model.Lab], pathlib.Path]

PINNED = boxes.Box("lab/debian", "file:///srv/debian.box", "0a" * 32)
CATALOGUE = {"debian-12": {"virtualbox": {"x86_64": PINNED}}}
LIBVIRT = libvirt.Host(
    owner="labkit made this for lab k8s-manual in /srv/A & B",
    images={
        "debian-12": libvirt.Image("labkit-debian-12-0123456789ab", "lab", "root=LABEL=root rw")
    },
)


@pytest.fixture
def write(template: pathlib.Path, tmp_path: pathlib.Path) -> Write:
    """Render into a file of the folder in which programs are run."""

    def render(lab: model.Lab) -> pathlib.Path:
        path = tmp_path / "Vagrantfile"
        text = vagrantfile.render(
            lab, template, catalogue=CATALOGUE, architecture="x86_64", libvirt=LIBVIRT
        )
        path.write_text(text, encoding="utf-8")
        (tmp_path / "keys").mkdir(exist_ok=True)
        (tmp_path / "keys" / "login").touch()  # Vagrant asks that it is there
        return path

    return render


@pytest.fixture
def record(cases: pathlib.Path, run: Run) -> Callable[[pathlib.Path], list[list[object]]]:
    """Have Ruby evaluate a Vagrantfile and list the statements in it."""

    def evaluate(path: pathlib.Path) -> list[list[object]]:
        answer = run("ruby", "-w", str(cases / "record.rb"), str(path))
        assert answer.stderr == ""
        return json.loads(answer.stdout)

    return evaluate


@pytest.fixture(params=["virtualbox", "libvirt"])
def either(request: pytest.FixtureRequest, lab: model.Lab, libvirt_lab: model.Lab) -> model.Lab:
    """Give the default lab of each provider in turn."""
    return {"virtualbox": lab, "libvirt": libvirt_lab}[request.param]


def test_golden(either: model.Lab, template: pathlib.Path, cases: pathlib.Path) -> None:
    golden = {"virtualbox": "Vagrantfile", "libvirt": "Vagrantfile.libvirt"}[either.provider]
    text = vagrantfile.render(either, template, architecture="x86_64", libvirt=LIBVIRT)
    assert text == (cases / golden).read_text(encoding="utf-8")


def test_a_lab_without_vagrant_is_written_for_virtualbox(
    lab: model.Lab, template: pathlib.Path
) -> None:
    qemu = dataclasses.replace(lab, provider="qemu", provider_options={"gui": True, "accel": "tcg"})
    assert vagrantfile.render(qemu, template) == vagrantfile.render(lab, template)


def _expected_private(lab: model.Lab, machine: model.Machine) -> list[object]:
    """Say what both providers are told of the host-only network, as record.rb prints it."""
    card = machine.nic("hostonly")
    own: dict[str, object] = (
        {"virtualbox__adapter": 2}
        if lab.provider == "virtualbox"
        else {
            "libvirt__network_name": f"{lab.name}-hostonly",
            "libvirt__forward_mode": "none",
            "libvirt__dhcp_enabled": False,
            "libvirt__always_destroy": False,
        }
    )
    private = {
        "auto_config": False,
        "ip": str(card.address.ip),
        "netmask": str(card.address.netmask),
        "mac": card.mac.replace(":", ""),
        **own,
    }
    return [f"vm.define {machine.name}.vm.network", ["private_network"], private]


def _expected_virtualbox(
    lab: model.Lab, machine: model.Machine, folder: pathlib.Path
) -> list[list[object]]:
    node = f"vm.define {machine.name}.vm"
    vb = f"{node}.provider virtualbox"
    modify = ["modifyvm", "id"]
    forward = {
        "id": "ssh",
        "guest": 22,
        "host": machine.ssh_port,
        "host_ip": "127.0.0.1",
        "auto_correct": False,
    }
    return [
        [f"{node}.box=", ["lab/debian"], {}],
        [f"{node}.network", ["forwarded_port"], forward],
        [f"{node}.box_url=", [PINNED.url], {}],
        [f"{node}.box_download_checksum_type=", ["sha256"], {}],
        [f"{node}.box_download_checksum=", [PINNED.sha256], {}],
        [f"{node}.base_mac=", [machine.nic("nat").mac.replace(":", "")], {}],
        [f"{node}.disk", ["disk"], {"primary": True, "size": f"{machine.disk_gib}GB"}],
        [f"{node}.provider", ["virtualbox"], {}],
        [f"{vb}.name=", [f"{lab.name}-{machine.name}"], {}],
        [f"{vb}.cpus=", [machine.cpus], {}],
        [f"{vb}.memory=", [machine.memory_mib], {}],
        [f"{vb}.gui=", [lab.provider_options["gui"]], {}],
        [f"{vb}.linked_clone=", [lab.provider_options["linked_clone"]], {}],
        [f"{vb}.check_guest_additions=", [False], {}],
        [f"{vb}.auto_nat_dns_proxy=", [False], {}],
        [f"{vb}.customize", [[*modify, "--groups", f"/{lab.name}"]], {}],
        [f"{vb}.customize", [[*modify, "--hardware-uuid", str(machine.uuid)]], {}],
        [f"{vb}.customize", [[*modify, "--natnet1", str(lab.network("nat").subnet)]], {}],
        [f"{vb}.customize", [[*modify, "--natdnsproxy1", "on"]], {}],
        [f"{vb}.customize", [[*modify, "--natdnshostresolver1", "off"]], {}],
        [
            f"{vb}.customize",
            [
                [
                    *(*modify, "--uart1", "0x3F8", "4", "--uartmode1", "file"),
                    f"{folder}/machines/{machine.name}/console.log",
                ]
            ],
            {},
        ],
        [f"{vb}.customize", [["setextradata", "id", "labkit/folder", str(folder)]], {}],
        [f"{vb}.customize", [["setextradata", "id", "labkit/machine", machine.name]], {}],
        [
            f"{vb}.customize",
            [["setextradata", "id", "labkit/extras", virtualbox.extras(machine, {})]],
            {},
        ],
    ]


def _expected_libvirt(
    lab: model.Lab, machine: model.Machine, folder: pathlib.Path
) -> list[list[object]]:
    del folder
    node = f"vm.define {machine.name}.vm"
    domain = f"{node}.provider libvirt"
    full, pool = f"{lab.name}-{machine.name}", "/var/lib/libvirt/images"
    arguments = f"console=ttyS0 systemd.machine_id={machine.uuid.hex}"
    disk = {"type": "qcow2", "allow_existing": True}
    return [
        [f"vm.define {machine.name}.ssh.username=", ["lab"], {}],
        [f"{node}.provider", ["libvirt"], {}],
        [f"{domain}.uri=", ["qemu:///system"], {}],
        [f"{domain}.driver=", ["qemu"], {}],
        [f"{domain}.default_prefix=", [f"{lab.name}-"], {}],
        [
            f"{domain}.description=",
            ["labkit made this for lab k8s-manual in /srv/A &amp; B"],
            {},
        ],
        [f"{domain}.uuid=", [str(machine.uuid)], {}],
        [f"{domain}.cpus=", [machine.cpus], {}],
        [f"{domain}.memory=", [machine.memory_mib], {}],
        [f"{domain}.machine_type=", ["q35"], {}],
        [f"{domain}.cpu_mode=", ["custom"], {}],
        [f"{domain}.cpu_model=", ["qemu64"], {}],
        [f"{domain}.graphics_type=", ["none"], {}],
        [f"{domain}.random", [], {"model": "random"}],
        [f"{domain}.kernel=", [f"{pool}/labkit-debian-12-0123456789ab.vmlinuz"], {}],
        [f"{domain}.initrd=", [f"{pool}/labkit-debian-12-0123456789ab.initrd"], {}],
        [
            f"{domain}.cmd_line=",
            [f"root=LABEL=root rw {arguments} systemd.hostname={machine.name}"],
            {},
        ],
        [f"{domain}.storage_pool_name=", ["default"], {}],
        [
            f"{domain}.storage",
            ["file"],
            {"device": "vda", "path": f"{full}.img", "cache": "unsafe", **disk},
        ],
        [
            f"{domain}.storage",
            ["file"],
            {"device": "vdb", "path": f"{full}.seed", "serial": "labkit-seed", **disk},
        ],
        [f"{domain}.serial", [], {"type": "file", "source": {"path": f"{pool}/{full}.log"}}],
        [f"{domain}.management_network_name=", [f"{lab.name}-nat"], {}],
        [f"{domain}.management_network_address=", [str(lab.network("nat").subnet)], {}],
        [f"{domain}.management_network_mac=", [machine.nic("nat").mac], {}],
        [f"{domain}.management_network_keep=", [True], {}],
    ]


def _by_text(statements: list[list[object]]) -> list[str]:
    return sorted(json.dumps(statement, sort_keys=True) for statement in statements)


def test_ruby_sets_exactly_what_the_plan_says(
    either: model.Lab, write: Write, record: Callable[[pathlib.Path], list[list[object]]]
) -> None:
    specific = {"virtualbox": _expected_virtualbox, "libvirt": _expected_libvirt}[either.provider]
    expected: list[list[object]] = [
        ["configure", ["2"], {}],
        ["vm.synced_folder", [".", "/vagrant"], {"disabled": True}],
        ["ssh.insert_key=", [either.provider == "virtualbox"], {}],
    ]
    if either.provider == "libvirt":
        expected.append(["ssh.private_key_path=", ["keys/login"], {}])
    else:
        expected.append(["vm.box_check_update=", [False], {}])
        expected.append(["vm.boot_timeout=", [600], {}])
    path = write(either)
    for machine in either.machines:
        expected.append(["vm.define", [machine.name], {}])
        own = specific(either, machine, path.parent)
        expected += [_expected_private(either, machine), *own]

    assert _by_text(record(path)) == _by_text(expected)


def test_options_of_lab_yml_arrive(
    lab: model.Lab, write: Write, record: Callable[[pathlib.Path], list[list[object]]]
) -> None:
    options = {"gui": True, "linked_clone": False, "boot_timeout": 5}
    statements = record(write(dataclasses.replace(lab, provider_options=options)))
    node = "vm.define ansible-01.vm.provider virtualbox"
    assert [f"{node}.gui=", [True], {}] in statements
    assert [f"{node}.linked_clone=", [False], {}] in statements
    assert ["vm.boot_timeout=", [5], {}] in statements


def test_what_one_machine_has_beside_the_others(
    lab: model.Lab, write: Write, record: Callable[[pathlib.Path], list[list[object]]]
) -> None:
    extra = {
        "forwards": [{"host": 8080, "guest": 80, "protocol": "tcp"}],
        "nics": [{"kind": "internal", "name": "exam"}, {"kind": "nat", "name": None}],
        "disks": [10],
        "settings": {"vram": "32", "audio-enabled": "off"},
    }
    options = {
        "internal": True,
        "resize": False,
        "dns": "resolver",
        "synced_folder": "shared",
        "machines": {"ansible-01": extra},
    }
    path = write(dataclasses.replace(lab, provider_options=options))
    statements = record(path)
    folder = f"{path.parent}/../../shared"
    assert ["vm.synced_folder", [folder, "/vagrant"], {}] in statements
    node = "vm.define ansible-01.vm"
    other = "vm.define k8s-master-01.vm"
    forward = {"guest": 80, "host": 8080, "protocol": "tcp", "host_ip": "127.0.0.1"}
    assert [
        f"{node}.network",
        ["forwarded_port"],
        {**forward, "auto_correct": False},
    ] in statements
    disks = [each for each in statements if str(each[0]).endswith(".disk")]
    assert disks == [[f"{node}.disk", ["disk"], {"name": "extra-1", "size": "10GB"}]]
    custom = [each[1] for each in statements if each[0] == f"{node}.provider virtualbox.customize"]
    modify = ["modifyvm", "id"]
    first, second = (
        derive.extra_mac(lab.name, "ansible-01", number).replace(":", "") for number in (3, 4)
    )
    for words in (
        [*modify, "--natdnsproxy1", "off"],
        [*modify, "--natdnshostresolver1", "on"],
        [*modify, "--nic3", "intnet", "--macaddress3", first],
        [*modify, "--intnet3", "exam"],
        [*modify, "--nic4", "nat", "--macaddress4", second],
        [*modify, "--vram", "32"],
        [*modify, "--audio-enabled", "off"],
    ):
        assert [words] in custom
    private = [each[2] for each in statements if each[1] == ["private_network"]]
    assert all(isinstance(each, dict) for each in private)
    assert len(private) == len(lab.machines)
    assert all(f"labkit-{lab.name}" in str(each) for each in private)
    assert not any("vram" in str(each) for each in statements if str(each[0]).startswith(other))


def test_what_one_machine_of_libvirt_has_beside_the_others(
    libvirt_lab: model.Lab,
    template: pathlib.Path,
    tmp_path: pathlib.Path,
    record: Callable[[pathlib.Path], list[list[object]]],
) -> None:
    nics = [
        {"kind": "internal", "name": "dmz"},
        {"kind": "bridged", "name": "br0"},
        {"kind": "network", "name": "default"},
    ]
    settings = {"video_vram": 16384, "nested": True, "keymap": "de"}
    extra = {"disks": [10, 1], "nics": nics, "settings": settings}
    options = {"internal": True, "machines": {"k8s-master-01": extra}}
    lab = dataclasses.replace(libvirt_lab, provider_options=options)
    path = tmp_path / "Vagrantfile"
    path.write_text(vagrantfile.render(lab, template, libvirt=LIBVIRT), encoding="utf-8")
    statements = record(path)
    node = "vm.define k8s-master-01.vm"
    disks = [each for each in statements if "extra-" in str(each) and each[0] != "vm.define"]
    name = f"{lab.name}-k8s-master-01.extra-"
    empty = {"type": "qcow2", "allow_existing": True}
    storage = f"{node}.provider libvirt.storage"
    assert disks == [
        [storage, ["file"], {"device": "vdc", "path": f"{name}1", "serial": "extra-1", **empty}],
        [storage, ["file"], {"device": "vdd", "path": f"{name}2", "serial": "extra-2", **empty}],
    ]
    for key, value in settings.items():
        assert [f"{node}.provider libvirt.{key}=", [value], {}] in statements
    machine = lab.machine("k8s-master-01")
    further = [derive.extra_mac(lab.name, machine.name, number) for number in (3, 4, 5)]
    own, *macs = (each.replace(":", "") for each in (machine.nic("hostonly").mac, *further))
    plugged = {"auto_config": False, "libvirt__always_destroy": False}
    isolated = {"libvirt__forward_mode": "none", "libvirt__dhcp_enabled": False}
    network, bridge = "libvirt__network_name", {"auto_config": False, "type": "bridge"}
    assert [each[1:] for each in statements if each[0] == f"{node}.network"] == [
        [["private_network"], {network: f"{lab.name}-hostonly", "mac": own, **plugged, **isolated}],
        [["private_network"], {network: f"{lab.name}-internal-dmz", "mac": macs[0], **plugged}],
        [["public_network"], {**bridge, "dev": "br0", "mac": macs[1]}],
        [["private_network"], {network: "default", "mac": macs[2], **plugged}],
    ]
    other = [each for each in statements if str(each[0]).startswith("vm.define ansible-01.vm")]
    assert not [each for each in other if "public" in str(each) or "extra" in str(each)]


def test_kvm_takes_the_processor_as_it_is(
    libvirt_lab: model.Lab,
    template: pathlib.Path,
    tmp_path: pathlib.Path,
    record: Callable[[pathlib.Path], list[list[object]]],
) -> None:
    path = tmp_path / "Vagrantfile"
    loader = {"debian-12": libvirt.Image("labkit-debian-12-0123456789ab", "lab", None)}
    host = dataclasses.replace(LIBVIRT, driver="kvm", images=loader)
    path.write_text(vagrantfile.render(libvirt_lab, template, libvirt=host), encoding="utf-8")
    names = {str(statement[0]).rpartition(".")[2]: statement[1] for statement in record(path)}
    assert names["driver="] == ["kvm"]
    assert names["cpu_mode="] == ["host-passthrough"]
    assert not {"cpu_model=", "kernel=", "initrd=", "cmd_line="} & set(names)


def test_ruby_finds_no_fault_in_the_syntax(either: model.Lab, write: Write, run: Run) -> None:
    answer = run("ruby", "-wc", str(write(either)))
    assert (answer.stdout, answer.stderr) == ("Syntax OK\n", "")


def test_vagrant_accepts_it(either: model.Lab, write: Write, run: Run) -> None:
    write(either)
    answer = run("vagrant", "validate", "--ignore-provider", "--no-color")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Vagrantfile validated successfully." in answer.stdout


def test_vagrant_refuses_what_is_wrong(lab: model.Lab, write: Write, run: Run) -> None:
    # So that the test above is known to be able to fail.
    path = write(lab)
    path.write_text(path.read_text(encoding="utf-8").replace(".boot_timeout", ".boot_timeuot"))
    answer = run("vagrant", "validate", "--ignore-provider", "--no-color")
    assert answer.returncode != 0
    assert "boot_timeuot" in answer.stdout + answer.stderr


HOSTILE = [
    "a#{File.write('hole', '')}",
    "a'; File.write('hole', ''); '",
    "a\\'; File.write('hole', ''); \\'",
    "a`touch hole`",
    "a'+File.write('hole', '').to_s+'",
]


def _hostile_lab(lab: model.Lab, hostile: str) -> model.Lab:
    """Make a plan that lab.yml cannot say, since its names are checked."""
    first = dataclasses.replace(lab.machines[0], name=hostile)
    return dataclasses.replace(lab, name=hostile, machines=(first,))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_vagrant_executes_nothing_of_a_plan(
    lab: model.Lab, write: Write, run: Run, hostile: str
) -> None:
    folder = write(_hostile_lab(lab, hostile)).parent
    answer = run("vagrant", "validate", "--ignore-provider", "--no-color")
    # Vagrant got as far as the name, and says that it is no name.
    assert "ignoring provider" in answer.stdout.lower() + answer.stderr.lower()
    assert list(folder.rglob("hole")) == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_ruby_reads_hostile_names_as_they_are(
    lab: model.Lab,
    write: Write,
    record: Callable[[pathlib.Path], list[list[object]]],
    hostile: str,
) -> None:
    path = write(_hostile_lab(lab, hostile))
    statements = record(path)
    assert ["vm.define", [hostile], {}] in statements
    assert list(path.parent.rglob("hole")) == []


def test_the_hole_would_be_seen(lab: model.Lab, write: Write, run: Run) -> None:
    # So that the tests above are known to be able to fail: double quotes interpolate.
    path = write(_hostile_lab(lab, HOSTILE[0]))
    text = path.read_text(encoding="utf-8")
    unsafe = HOSTILE[0].replace("'", "\\'")
    path.write_text(text.replace(f"'{unsafe}'", f'"{HOSTILE[0]}"'), encoding="utf-8")
    run("vagrant", "validate", "--ignore-provider", "--no-color")
    assert (path.parent / "hole").exists()


def test_a_control_character_is_refused(lab: model.Lab, template: pathlib.Path) -> None:
    bad = dataclasses.replace(lab, name="a\nEvil.new")
    with pytest.raises(errors.FileError) as caught:
        vagrantfile.render(bad, template)
    (problem,) = caught.value.problems
    assert problem.message == "a Ruby literal cannot hold U+000A: 'a\\nEvil.new'"
    assert "lab.name" in template.read_text(encoding="utf-8").splitlines()[problem.line - 1]


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        (
            "\n{{ lab.name }}",
            "'k8s-manual' is printed without the filter `ruby`",
            "{{ value | ruby }}",
        ),
        ("\n{{ lab.nam | ruby }}", "'labkit.plan.model.Lab object' has no attribute 'nam'", ""),
        ("\n{{ labs | ruby }}", "'labs' is undefined", ""),
        ("\n{{ lab.machines | ruby }}", "a Ruby literal cannot be made of tuple", ""),
        ("\n{% for %}", "Expected an expression, got 'end of statement block'", ""),
        ("\n{{ lab.name | rubi }}", "No filter named 'rubi'.", ""),
    ],
)
def test_a_wrong_template_is_shown_with_its_line(
    lab: model.Lab, tmp_path: pathlib.Path, source: str, message: str, hint: str
) -> None:
    path = tmp_path / "Vagrantfile.j2"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(errors.FileError) as caught:
        vagrantfile.render(lab, path)
    hint = f"write {hint}" if hint else ""
    assert caught.value.problems == (errors.Problem(str(path), 2, 1, message, hint),)


def test_a_missing_template_is_named(lab: model.Lab, tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.LabError) as caught:
        vagrantfile.render(lab, tmp_path / "Vagrantfile.j2")
    assert caught.value.message == f"{tmp_path / 'Vagrantfile.j2'} is missing"
    assert caught.value.hint == "`labkit init DIR` makes a folder that has one"


def test_an_image_without_a_box_is_named(lab: model.Lab, template: pathlib.Path) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        vagrantfile.render(lab, template, architecture="riscv64")
    assert caught.value.message == (
        "no Vagrant box is known for image debian-12 with virtualbox on riscv64"
    )
