import fc from "fast-check";
import { bodyGrammar, JUDGED_KINDS, judgeBody, queryGrammar } from "../../../hardening/docker-api/body-grammars";
import { toJavaScript } from "../../../hardening/docker-api/json-grammar";
import { CLI_CREATE, GOOD_CREATE, HARMFUL } from "./bodies";

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const accepts = (text: string): boolean => judgeBody("container", latin1(text));
const withMember = (key: string, value: string): string => `{"Image":"a","HostConfig":{"${key}":${value}}}`;

/** Spellings that Go's decoder takes for the same key: letter case, the long s, the Kelvin sign, escapes. */
const spelling = (key: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom("as-is", "swap", "escape", "unicode"), { minLength: key.length, maxLength: key.length })
    .map((ways) =>
      [...key]
        .map((letter, index) => {
          switch (ways[index]) {
            case "swap":
              return letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
            case "escape":
              return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
            case "unicode":
              return letter === "s" || letter === "S" ? "ſ" : letter === "k" || letter === "K" ? "\u212a" : letter;
            default:
              return letter;
          }
        })
        .join(""),
    );
const space = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 4 });
const harmless = fc.record(
  {
    Image: fc.string(),
    Env: fc.array(fc.string({ unit: "grapheme" })),
    Cmd: fc.array(fc.string({ unit: "binary" })),
    Labels: fc.dictionary(fc.stringMatching(/^[a-z.]{1,10}$/), fc.string()),
    Tty: fc.boolean(),
    HostConfig: fc.record(
      { Memory: fc.nat(), ReadonlyRootfs: fc.boolean(), CapDrop: fc.constant(["ALL"]), Privileged: fc.constant(false) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["Image"] },
);

describe("the body of a container creation", () => {
  test.each(GOOD_CREATE)("passes: %s", (_name, body) => expect(accepts(body)).toBe(true));

  test.each(HARMFUL)("refuses %s: %s %s", (_rule, key, value) => {
    expect(accepts(withMember(key, value))).toBe(false);
    // As the last and as the first of two, and where API 1.41 reads it as well: beside HostConfig.
    expect(accepts(`{"Image":"a","HostConfig":{"Memory":1,"${key}":null,"${key}":${value}}}`)).toBe(false);
    expect(accepts(`{"Image":"a","HostConfig":{"${key}":${value},"${key}":null}}`)).toBe(false);
    expect(accepts(`{"Image":"a","HostConfig":{"${key}":${value}},"HostConfig":{}}`)).toBe(false);
    expect(accepts(`{"Image":"a","${key}":${value}}`)).toBe(false);
  });

  test.each([
    ["a reserved label", '{"Image":"a","Labels":{"io.rampart.stack":"x"}}'],
    ["a reserved label in escapes", '{"Image":"a","Labels":{"\\u0069o.rampart.stack":"x"}}'],
    ["the host's network as an endpoint", '{"Image":"a","NetworkingConfig":{"EndpointsConfig":{"host":{}}}}'],
    ["a network's id as an endpoint", '{"Image":"a","NetworkingConfig":{"EndpointsConfig":{"389a77caa8ef":{}}}}'],
    ["an unknown key", '{"Image":"a","Unknown":1}'],
    ["another document behind the first", '{"Image":"a"}{"HostConfig":{"Privileged":true}}'],
    ["a truncated body", '{"Image":"a","HostConfig":{'],
    ["a comment", '{"Image":"a"/**/}'],
    ["a trailing comma", '{"Image":"a",}'],
    ["a single quote", "{'Image':'a'}"],
    ["a byte order mark", '\ufeff{"Image":"a"}'],
    ["a raw line feed in a string", '{"Image":"a\n"}'],
    ["a NUL", '{"Image":"a"}\0'],
    ["nothing", ""],
    ["an array", "[]"],
  ])("refuses %s", (_name, body) => expect(accepts(body)).toBe(false));

  test("property: any harmless body passes", () => {
    fc.assert(
      fc.property(harmless, space, (body, white) =>
        accepts(white + JSON.stringify(body, null, white.replace(/[^ ]/g, "")) + white),
      ),
    );
  });

  test("property: one forbidden member, in any spelling and anywhere, is refused", () => {
    fc.assert(
      fc.property(
        harmless,
        fc.constantFrom(...HARMFUL).chain(([, key, value]) => fc.tuple(spelling(key), fc.constant(value))),
        fc.constantFrom("first", "last", "top"),
        space,
        (body, [key, value], where, white) => {
          const member = `${white}"${key}"${white}:${white}${value}${white}`;
          const { HostConfig: host, ...rest } = body;
          const inner = JSON.stringify(host ?? {}).slice(1, -1);
          const outer = JSON.stringify(rest).slice(0, -1);
          const members = [inner, member].filter((part) => part !== "");
          const text =
            where === "top"
              ? `${outer},${member}}`
              : `${outer},"HostConfig":{${(where === "first" ? members.reverse() : members).join(",")}}}`;
          return !accepts(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a prefix confines the volumes and networks", () => {
    const limits = { volumePrefix: "worker-", networkPrefix: "worker-" };
    const judge = (host: string): boolean => judgeBody("container", `{"Image":"a","HostConfig":${host}}`, limits);
    expect(judge('{"Binds":["worker-cache:/c"],"NetworkMode":"worker-net"}')).toBe(true);
    expect(judge('{"NetworkMode":"none"}')).toBe(true);
    expect(judge('{"Binds":["postgres-data:/c"]}')).toBe(false);
    expect(judge('{"Mounts":[{"Type":"volume","Source":"postgres-data","Target":"/d"}]}')).toBe(false);
    expect(judge('{"NetworkMode":"internal"}')).toBe(false);
  });
});

describe("other bodies and queries", () => {
  test.each([
    ["exec", '{"Cmd":["sh"],"AttachStdout":true,"Privileged":false}', '{"Cmd":["sh"],"Privileged":true}'],
    ["exec", '{"User":"0","Cmd":"sh"}', '{"Cmd":["sh"],"pRiVileged":true}'],
    [
      "volume",
      '{"Driver":"local","Name":"foo","DriverOpts":{}}',
      '{"Name":"x","DriverOpts":{"type":"none","o":"bind","device":"/"}}',
    ],
    ["volume", "{}", '{"Name":"x","Driver":"sshfs"}'],
    [
      "network",
      '{"Name":"foo","Driver":"bridge","CheckDuplicate":true,"Options":{}}',
      '{"Name":"x","Driver":"macvlan","Options":{"parent":"eth0"}}',
    ],
    [
      "network",
      '{"Name":"n","IPAM":{"Config":[{"Subnet":"172.28.0.0/24"}]}}',
      '{"Name":"n","IPAM":{"Config":[{"Subnet":"1.1.1.0/24"}]}}',
    ],
    [
      "network",
      '{"Name":"n","Options":{"com.docker.network.driver.mtu":"1400"}}',
      '{"Name":"n","Options":{"com.docker.network.bridge.name":"docker0"}}',
    ],
    [
      "network-connect",
      '{"Container":"abc","EndpointConfig":{"Aliases":["x"]}}',
      '{"Container":"abc","EndpointConfig":{"DriverOpts":{"a":"b"}}}',
    ],
    ["container-update", '{"Memory":1,"RestartPolicy":{"Name":"no"}}', '{"Devices":[{"PathOnHost":"/dev/sda"}]}'],
    ["empty", "{}", '{"Privileged":true}'],
    ["flat", '{"t":10,"force":true}', '{"HostConfig":{"Privileged":true}}'],
  ] as const)("%s passes %s and refuses %s", (kind, good, bad) => {
    expect(judgeBody(kind, good)).toBe(true);
    expect(judgeBody(kind, bad)).toBe(false);
  });

  test.each([
    ["build", "t=a:b&dockerfile=Dockerfile&buildargs=%7B%22A%22%3A%22b%22%7D&networkmode=none&version=1", true],
    ["build", "remote=", true],
    ["build", "t=x&remote=http://10.0.0.1/x", false],
    ["build", "%72emote=http://10.0.0.1/x", false],
    ["build", "networkmode=host", false],
    ["build", "networkmode=none&networkmode=host", false],
    ["build", "t=a;networkmode=host", false],
    ["build", "version=2&session=x", false],
    ["build", "extrahosts=a:1.2.3.4", false],
    ["build", "cgroupparent=/x", false],
    ["image-pull", "fromImage=alpine&tag=3", true],
    ["image-pull", "fromSrc=http://10.0.0.1/x", false],
  ] as const)("%s query %s: %s", (kind, query, verdict) =>
    expect(toJavaScript(queryGrammar(kind)).test(query)).toBe(verdict),
  );

  test("every grammar fits HAProxy's quoting, and its possessive signs are quantifiers", () => {
    for (const kind of JUDGED_KINDS) {
      const grammar = bodyGrammar(kind, {});
      expect(grammar).not.toContain("'");
      expect(grammar).not.toMatch(/\[[^\]]*[*?]\+/);
    }
    expect(bodyGrammar("container", {}).length).toBeLessThan(20_000);
    expect(accepts(CLI_CREATE)).toBe(true);
  });
});
