# SPDX-License-Identifier: Apache-2.0
"""deploy/compose.yaml, deploy/kubernetes and deploy/haproxy.cfg fit together, and tigressd takes their settings."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support" / "python"))
sys.dont_write_bytecode = True

import relay_process  # noqa: E402  (the path comes first)

DEPLOY = ROOT / "deploy"
PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
SECONDS = {"s": 1, "m": 60}
HELP = subprocess.run([relay_process.find_binary("tigressd"), "--help"], capture_output=True, text=True, check=True,
                      env=relay_process.sanitizer_env()).stdout
needs_postgres = pytest.mark.skipif("--migrate" not in HELP, reason="no store on PostgreSQL in this build")


def objects():
    """{(kind, name): object} of all manifests."""
    found = {}
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for one in yaml.safe_load_all(path.read_text()):
            key = one["kind"], one["metadata"]["name"]
            assert key not in found, f"{key} is there twice"
            found[key] = one
    return found


KUBERNETES = objects()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DEPLOYMENT = KUBERNETES["Deployment", "tigress"]
JOB = KUBERNETES["Job", "tigress-migrate"]
PODS = {"Deployment": DEPLOYMENT["spec"]["template"], "Job": JOB["spec"]["template"]}
CONFIG = KUBERNETES["ConfigMap", "tigress"]["data"]["tigressd.conf"]
RELAY = DEPLOYMENT["spec"]["template"]["spec"]["containers"][0]


def settings(text):
    return dict(re.findall(r"^([a-z-]+) = (.*)$", text, re.M))


def port_of(address):
    return int(address.rpartition(":")[2])


def containers(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def port_number(name):
    return {port["name"]: port["containerPort"] for port in RELAY["ports"]}[name]


def selects(selector, labels):
    return all(labels.get(name) == value for name, value in selector.items())


def mounted_files(pod, container):
    """The paths that the container sees: files of secrets and config maps, and folders that it may write."""
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    files, folders = set(), set()
    for mount in container["volumeMounts"]:
        volume = volumes[mount["name"]]
        path = mount["mountPath"]
        if "configMap" in volume:
            names = KUBERNETES["ConfigMap", volume["configMap"]["name"]]["data"]
            files |= {f"{path}/{name}" for name in names}
        elif volume.get("secret", {}).get("secretName") == "tigress-tls":
            files |= {f"{path}/tls.crt", f"{path}/tls.key"}  # type kubernetes.io/tls
        elif "secret" in volume:
            keys = KUBERNETES["Secret", volume["secret"]["secretName"]]["stringData"]
            assert all(item["key"] in keys for item in volume["secret"]["items"])
            files |= {f"{path}/{item['path']}" for item in volume["secret"]["items"]}
        else:
            assert "emptyDir" in volume
            folders.add(path)
    return files, folders


def copied(pod):
    """What the init containers copy, and that they see it."""
    out = set()
    for container in pod["spec"].get("initContainers", []):
        *_, target = [word for before, word in zip(container["command"], container["command"][1:]) if before == "-t"]
        sources = [word for word in container["command"] if word.startswith("/secret/")]
        assert sources and set(sources) <= mounted_files(pod, container)[0]
        out |= {f"{target}/{pathlib.PurePath(source).name}" for source in sources}
    return out


def paths_in(text):
    return set(re.findall(r"(?<![\w.])/(?:run|var|etc)/[\w./-]+", text))


def manifests__kinds__complete():
    assert {kind for kind, _ in KUBERNETES} == {"ConfigMap", "Secret", "Deployment", "Service", "PodDisruptionBudget",
                                                "NetworkPolicy", "Job"}


@pytest.mark.parametrize("probe", list(PROBES))
def deployment__probes__the_admin_pages(probe):
    asked = RELAY[probe]["httpGet"]
    assert asked["path"] == PROBES[probe]
    assert port_number(asked["port"]) == port_of(settings(CONFIG)["admin"])


def deployment__listener__the_port_of_the_service():
    service = KUBERNETES["Service", "tigress"]["spec"]
    assert port_number(service["ports"][0]["targetPort"]) == port_of(settings(CONFIG)["listen"])
    assert service["externalTrafficPolicy"] == "Local"


def selectors__all__select_the_relays_only():
    labels = {kind: pod["metadata"]["labels"] for kind, pod in PODS.items()}
    selectors = [KUBERNETES["Service", "tigress"]["spec"]["selector"], DEPLOYMENT["spec"]["selector"]["matchLabels"],
                 KUBERNETES["PodDisruptionBudget", "tigress"]["spec"]["selector"]["matchLabels"],
                 KUBERNETES["NetworkPolicy", "tigress"]["spec"]["podSelector"]["matchLabels"]]
    for selector in selectors:
        assert selects(selector, labels["Deployment"]) and not selects(selector, labels["Job"])
    assert KUBERNETES["PodDisruptionBudget", "tigress"]["spec"]["minAvailable"] < DEPLOYMENT["spec"]["replicas"]


def network_policy__ports__those_of_the_container():
    rules = KUBERNETES["NetworkPolicy", "tigress"]["spec"]["ingress"]
    named = {port["port"]: rule.get("from") for rule in rules for port in rule["ports"]}
    assert set(named) == {port["name"] for port in RELAY["ports"]}
    assert named["https"] is None and named["admin"]


@pytest.mark.parametrize("kind", list(PODS))
def pods__security__not_root_and_read_only(kind):
    spec = PODS[kind]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["fsGroup"] == spec["securityContext"]["runAsGroup"]
    assert spec["automountServiceAccountToken"] is False
    for container in containers(PODS[kind]):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
    for volume in spec["volumes"]:
        assert volume.get("secret", {}).get("defaultMode", 0o440) & 0o7 == 0


def deployment__paths_of_the_settings__mounted():
    pod = PODS["Deployment"]
    files, folders = mounted_files(pod, RELAY)
    for path in paths_in(CONFIG):
        assert path in files | copied(pod) | folders, f"{path} is not there"
    assert RELAY["args"][-1] in files


@needs_postgres
def job__arguments__known_and_their_files_mounted():
    pod = PODS["Job"]
    container = pod["spec"]["containers"][0]
    for word in container["args"]:
        if word.startswith("--"):
            assert re.search(rf"{word}\b", HELP), f"{word} is unknown"
    files, folders = mounted_files(pod, container)
    for path in paths_in(" ".join(container["args"])):
        assert path in files | copied(pod) | folders, f"{path} is not there"
    store = container["args"][container["args"].index("--store") + 1]
    assert store.partition("@")[2] == settings(CONFIG)["store"].partition("@")[2], "another database"
    # The tables belong to another role than that of the relays, which gets the rights.
    assert container["args"][container["args"].index("--migrate") + 1] == "tigress"
    assert store.startswith("postgresql://tigress_owner@") and "//tigress@" in settings(CONFIG)["store"]


def deployment__end_of_a_pod__longer_than_the_drain():
    amount, unit = re.fullmatch(r"(\d+)([sm])", settings(CONFIG)["drain-timeout"]).groups()
    assert PODS["Deployment"]["spec"]["terminationGracePeriodSeconds"] > int(amount) * SECONDS[unit]
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


# ---- compose ------------------------------------------------------------------------------------

def compose__names__resolve():
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file(), f"{name}: {source}"
        text = " ".join(str(word) for word in [service.get("command"), service.get("environment")])
        for path in re.findall(r"/run/secrets/([\w.-]+)", text):
            assert path in service["secrets"], f"{name}: {path}"
    relays = [name for name in services if name.startswith("relay")]
    assert len(relays) == 2
    for name in relays:
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"] and services[name]["user"]


def compose__settings__fit_the_balancer():
    config = settings((DEPLOY / "compose" / "tigressd.conf").read_text())
    servers = re.findall(r"^    server (\w+) (\w+):(\d+) port (\d+)$", (DEPLOY / "haproxy.cfg").read_text(), re.M)
    assert {name for name, *_ in servers} == {name for name in COMPOSE["services"] if name.startswith("relay")}
    for name, host, port, admin in servers:
        assert name == host and int(port) == port_of(config["listen"]) and int(admin) == port_of(config["admin"])
    assert config["proxy-protocol"] == "v2" and "send-proxy-v2" in (DEPLOY / "haproxy.cfg").read_text()
    assert config["trusted-proxies"] == COMPOSE["networks"]["default"]["ipam"]["config"][0]["subnet"]
    secrets = set(re.findall(r"/run/secrets/([\w.-]+)", " ".join(config.values())))
    assert secrets == set(COMPOSE["services"]["relay1"]["secrets"])


def haproxy__log__no_address_of_a_client(tmp_path):
    text = (DEPLOY / "haproxy.cfg").read_text()
    formats = re.findall(r'log-format "(.*)"', text)
    assert len(formats) == 2  # of connections, and of those that failed early
    for one in formats:
        assert not re.search(r"%\[?(ci|cp|Ci|src|fc_pp|hr|hs|r\b|HU|HP)", one), one
    assert "option httpchk GET /readyz" in text
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin")
    if haproxy:
        here = tmp_path / "haproxy.cfg"
        here.write_text(re.sub(r"(server \w+) \w+:", r"\1 127.0.0.1:", text))
        subprocess.run([haproxy, "-c", "-f", here], check=True, capture_output=True)


# ---- tigressd takes the settings ----------------------------------------------------------------

@pytest.fixture(scope="module")
def secret_folder(tmp_path_factory):
    """What deploy/compose/secrets makes."""
    folder = tmp_path_factory.mktemp("secrets")
    shutil.copytree(DEPLOY / "compose", folder / "compose", ignore=shutil.ignore_patterns("secret"))
    subprocess.run([folder / "compose" / "secrets"], check=True, capture_output=True)
    made = folder / "compose" / "secret"
    for one in COMPOSE["secrets"].values():
        assert (made / pathlib.PurePath(one["file"]).name).is_file()
    again = subprocess.run([folder / "compose" / "secrets"], check=False, capture_output=True)
    assert again.returncode == 1 and b"exists" in again.stderr
    return made


def with_paths(folder, text, places):
    """The text with the paths of this folder in place of the container's."""
    for path in sorted(paths_in(text), key=len, reverse=True):
        text = text.replace(path, str(places.get(path, folder / path.strip("/").replace("/", "-"))))
    return text


def check_config(folder, text, places):
    config = folder / "tigressd.conf"
    config.write_text(with_paths(folder, text, places))
    return subprocess.run([relay_process.find_binary("tigressd"), "--config", config, "--check-config"],
                          capture_output=True, text=True, check=False, env=relay_process.sanitizer_env())


@needs_postgres
def kubernetes__settings__pass_check_config(tmp_path, secret_folder):
    places = {"/run/tigress/tls/tls.crt": secret_folder / "cert.pem", "/run/tigress/tls/tls.key": secret_folder / "key.pem",
              "/run/tigress/keys/relay.key": secret_folder / "relay.key", "/run/tigress/database/ca.crt":
              secret_folder / "ca.pem", "/run/tigress/keys/database-password": secret_folder / "database-password"}
    got = check_config(tmp_path, CONFIG.replace("https://relay.example", "https://localhost"), places)
    assert got.returncode == 0, got.stderr


@needs_postgres
def compose__settings__pass_check_config(tmp_path, secret_folder):
    names = {"tls-cert": "cert.pem", "tls-key": "key.pem", "relay-key": "relay.key"}
    places = {f"/run/secrets/{name}": secret_folder / names.get(name, name)
              for name in COMPOSE["services"]["relay1"]["secrets"]}
    got = check_config(tmp_path, (DEPLOY / "compose" / "tigressd.conf").read_text(), places)
    assert got.returncode == 0, got.stderr


def migrate(folder, arguments, places):
    """Runs the job's arguments with a database that is not there; only that may be wrong."""
    here = [re.sub(r"pg\d\.example", "127.0.0.1:1", with_paths(folder, word, places)) for word in arguments]
    got = subprocess.run([relay_process.find_binary("tigressd"), *here], capture_output=True, text=True, check=False,
                         env=relay_process.sanitizer_env())
    assert got.returncode == 1 and "the database cannot be reached" in got.stderr, got.stderr


@needs_postgres
def kubernetes__job__reaches_for_the_database(tmp_path, secret_folder):
    places = {"/run/tigress/database/ca.crt": secret_folder / "ca.pem",
              "/run/tigress/keys/owner-password": secret_folder / "owner-password"}
    migrate(tmp_path, JOB["spec"]["template"]["spec"]["containers"][0]["args"], places)


@needs_postgres
def compose__migrate__reaches_for_the_database(tmp_path, secret_folder):
    service = COMPOSE["services"]["migrate"]
    migrate(tmp_path, service["command"],
            {f"/run/secrets/{name}": secret_folder / name for name in service["secrets"]})
