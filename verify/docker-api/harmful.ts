/**
 * Bodies of POST /containers/create that amount to root on the host, in the spellings that the engine takes. The
 * end-to-end tests send them, too, with an image that is there.
 */

/** What somebody tries, for a person, and the body. */
export type HarmfulBody = readonly [what: string, body: string];

const ENTRY = "@image@";
const host = (settings: string): string => `{"Image":"${ENTRY}","HostConfig":{${settings}}}`;

const HARMFUL: readonly HarmfulBody[] = [
  ["privileged", host('"Privileged":true')],
  ["privileged in lower case", `{"image":"${ENTRY}","hostconfig":{"privileged":true}}`],
  ["privileged with an escape", host('"\\u0050rivileged":true')],
  ["privileged with a long s", `{"Image":"${ENTRY}","HoſtConfig":{"Privileged":true}}`],
  ["privileged over several lines", `{"Image":"${ENTRY}",\n"HostConfig"\n:\n{"Privileged"\n:\ntrue}}`],
  ["privileged, said twice", host('"Privileged":false,"Privileged":true')],
  ["privileged behind a second HostConfig", `{"Image":"${ENTRY}","HostConfig":{},"HostConfig":{"Privileged":true}}`],
  ["a host bind", host('"Binds":["/:/host"]')],
  ["a host bind with an escape", host('"Binds":["\\u002f:/host"]')],
  ["the socket", host('"Binds":["/var/run/docker.sock:/s:ro"]')],
  ["a bind mount", host('"Mounts":[{"Type":"bind","Source":"/","Target":"/h"}]')],
  [
    "a volume that binds the host",
    host(
      '"Mounts":[{"Type":"volume","Target":"/d","VolumeOptions":{"DriverConfig":{"Name":"local",' +
        '"Options":{"type":"none","o":"bind","device":"/"}}}}]',
    ),
  ],
  ["a device", host('"Devices":[{"PathOnHost":"/dev/sda","PathInContainer":"/dev/sda","CgroupPermissions":"rwm"}]')],
  ["every device", host('"DeviceCgroupRules":["a *:* rwm"]')],
  ["a capability", host('"CapAdd":["SYS_ADMIN"]')],
  ["all capabilities", host('"CapAdd":["ALL"]')],
  ["no seccomp", host('"SecurityOpt":["seccomp=unconfined"]')],
  ["no AppArmor", host('"SecurityOpt":["no-new-privileges","apparmor:unconfined"]')],
  ["no masked paths", host('"MaskedPaths":[]')],
  ["the host's network", host('"NetworkMode":"host"')],
  ["the host's processes", host('"PidMode":"host"')],
  ["the host's IPC", host('"IpcMode":"host"')],
  ["the host's users", host('"UsernsMode":"host"')],
  ["another container's processes", host('"PidMode":"container:postgres"')],
  ["another container's volumes", host('"VolumesFrom":["postgres"]')],
  ["another container's environment", host('"Links":["postgres:db"]')],
  ["a published port", host('"PortBindings":{"80/tcp":[{"HostPort":"80"}]}')],
  ["another cgroup", host('"CgroupParent":"/"')],
  ["a label of Rampart's", `{"Image":"${ENTRY}","Labels":{"io.rampart.stack":"x"}}`],
];

/** @param image what the containers would be made of */
export const harmfulBodies = (image: string): readonly HarmfulBody[] =>
  HARMFUL.map(([what, body]) => [what, body.replace(ENTRY, image)]);

/** Bodies that mount each volume, and join each network, of somebody else's. */
export const foreignBodies = (
  image: string,
  { volumes, networks }: { readonly volumes: readonly string[]; readonly networks: readonly string[] },
): readonly HarmfulBody[] =>
  [
    ...volumes.map((name): HarmfulBody => [`the volume ${name}`, host(`"Binds":["${name}:/d"]`)]),
    ...networks.map((name): HarmfulBody => [`the network ${name}`, host(`"NetworkMode":"${name}"`)]),
  ].map(([what, body]) => [what, body.replace(ENTRY, image)]);
