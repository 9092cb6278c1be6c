/** Bodies as clients really send them, and one harmful change each. */

/** `docker create --name x alpine` of Docker CLI 28.2, as captured on the wire. */
export const CLI_CREATE =
  '{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,' +
  '"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["A=\\"Privileged\\":true"],"Cmd":["sh","-c","echo ' +
  '\\u003chi\\u003e \\u0026 é"],"Healthcheck":{"Test":["CMD-SHELL","curl ' +
  '\\"x\\""]},"Image":"alpine","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,' +
  '"Labels":{"a":"b"},"HostConfig":{"Binds":["vol:/data:ro"],"ContainerIDFile":"","LogConfig":{"Type":"",' +
  '"Config":{}},"NetworkMode":"foo","PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},' +
  '"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,"CapDrop":["ALL"],' +
  '"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"",' +
  '"Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,' +
  '"ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges"],"Tmpfs":{"/tmp":""},"UTSMode":"","UsernsMode":"",' +
  '"ShmSize":0,"Isolation":"","CpuShares":0,"Memory":67108864,"NanoCpus":500000000,"CgroupParent":"",' +
  '"BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],' +
  '"BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,' +
  '"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,' +
  '"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,' +
  '"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,' +
  '"Mounts":[{"Type":"volume","Source":"v","Target":"/d"}],"MaskedPaths":null,"ReadonlyPaths":null,' +
  '"Init":true},"NetworkingConfig":{"EndpointsConfig":{"foo":{"IPAMConfig":null,"Links":null,"Aliases":["bar"],' +
  '"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"","EndpointID":"","Gateway":"","IPAddress":"",' +
  '"IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}}}\n';

export const GOOD_CREATE: readonly (readonly [string, string])[] = [
  ["the docker CLI's", CLI_CREATE],
  ["dockerode's smallest", '{"Image":"alpine"}'],
  [
    "dockerode's usual",
    '{"Image":"a","name":"x","Cmd":["sleep","1"],"Labels":{"traefik.enable":"true"},"HostConfig":{"Memory":1,' +
      '"NetworkMode":"n"}}',
  ],
  [
    "dockerode's run",
    '{"Hostname":"","User":"","AttachStdin":false,"Tty":true,"Env":null,"Cmd":"x","Image":"a","Volumes":{},' +
      '"VolumesFrom":[]}',
  ],
  [
    "python's spaces",
    '{"Image": "alpine", "Cmd": ["a", "b"], "HostConfig": {"NetworkMode": "default", "Binds": ["v:/x:rw"]}}',
  ],
  ["text beyond ASCII", '{"Image":"a","Env":["N=Zürich 東京"],"Labels":{"ſ":"K"}}'],
  ["a forbidden key inside a string", '{"Image":"a","Env":["X=\\"Privileged\\":true,\\"Binds\\":[\\"/:/h\\"]"]}'],
  ["default capabilities", '{"Image":"a","HostConfig":{"CapDrop":["ALL"],"CapAdd":["CHOWN","CAP_SETUID"]}}'],
];

/** Members of HostConfig, one harmful thing each, as [rule in the log, key, value]. */
export const HARMFUL: readonly (readonly [string, string, string])[] = [
  ["privileged", "Privileged", "true"],
  ["host-bind", "Binds", '["/:/host"]'],
  ["host-bind", "Binds", '["v:/a","/var/run/docker.sock:/s:ro"]'],
  ["body", "Binds", '["v:/a:rshared"]'],
  ["body", "Binds", '["\\u002f:/host"]'],
  ["mount-type", "Mounts", '[{"Type":"bind","Source":"/","Target":"/h"}]'],
  ["mount-type", "Mounts", '[{"Type":"volume","Source":"v","Target":"/d"},{"Type":"npipe","Source":"x"}]'],
  [
    "driver-options",
    "Mounts",
    '[{"Type":"volume","Target":"/d","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none",' +
      '"o":"bind","device":"/"}}}}]',
  ],
  ["device", "Devices", '[{"PathOnHost":"/dev/sda","PathInContainer":"/dev/sda","CgroupPermissions":"rwm"}]'],
  ["device", "DeviceRequests", '[{"Count":-1,"Capabilities":[["gpu"]]}]'],
  ["device", "DeviceCgroupRules", '["a *:* rwm"]'],
  ["device", "BlkioWeightDevice", '[{"Path":"/dev/sda","Weight":1}]'],
  ["capability", "CapAdd", '["SYS_ADMIN"]'],
  ["capability", "CapAdd", '["ALL"]'],
  ["capability", "CapAdd", '["CHOWN","NET_ADMIN"]'],
  ["security-opt", "SecurityOpt", '["seccomp=unconfined"]'],
  ["security-opt", "SecurityOpt", '["no-new-privileges","apparmor:unconfined"]'],
  ["security-opt", "SecurityOpt", '["label=disable"]'],
  ["security-opt", "SecurityOpt", '["systempaths=unconfined"]'],
  ["host-namespace", "PidMode", '"host"'],
  ["host-namespace", "PidMode", '"container:abc"'],
  ["host-namespace", "IpcMode", '"host"'],
  ["host-namespace", "NetworkMode", '"host"'],
  ["host-namespace", "NetworkMode", '"container:abc"'],
  ["host-namespace", "NetworkMode", '"HOST"'],
  ["network-name", "NetworkMode", '"389a77"'],
  ["host-namespace", "UsernsMode", '"host"'],
  ["host-namespace", "UTSMode", '"host"'],
  ["host-namespace", "CgroupnsMode", '"host"'],
  ["volumes-from", "VolumesFrom", '["postgres"]'],
  ["link", "Links", '["postgres:db"]'],
  ["runtime", "Runtime", '"runc"'],
  ["cgroup-parent", "CgroupParent", '"/system.slice"'],
  ["sysctl", "Sysctls", '{"kernel.msgmax":"1"}'],
  ["masked-paths", "MaskedPaths", "[]"],
  ["masked-paths", "ReadonlyPaths", "[]"],
  ["body", "OomScoreAdj", "-1000"],
  ["body", "OomKillDisable", "true"],
  ["published-port", "PortBindings", '{"80/tcp":[{"HostIp":"","HostPort":"80"}]}'],
  ["published-port", "PublishAllPorts", "true"],
  ["log-driver", "LogConfig", '{"Type":"syslog","Config":{"syslog-address":"udp://10.0.0.1"}}'],
  ["body", "Annotations", '{"run.oci.keep_original_groups":"1"}'],
  ["body", "StorageOpt", '{"size":"1G"}'],
];
