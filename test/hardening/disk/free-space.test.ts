import { freeBytes, GIB, MIB, shortageOf, sizeText } from "../../../hardening/disk/free-space";

const BUSYBOX = `Filesystem           1024-blocks    Used Available Capacity Mounted on
overlay              263174212  45673120  50331648  48% /
/dev/vda             263174212  45673120  40000000  48% /etc/hosts
`;

test("the fuller of the two disks counts", () => {
  expect(freeBytes(BUSYBOX)).toBe(40_000_000 * 1024);
  expect(freeBytes(BUSYBOX.replace("50331648", "1024"))).toBe(MIB);
});

test("what is no answer of df's is none", () => {
  expect(freeBytes("")).toBeUndefined();
  expect(freeBytes("df: /etc/hosts: No such file or directory\n")).toBeUndefined();
});

test.each([
  [0, "0 MiB"],
  [310 * MIB + 900_000, "310 MiB"],
  [GIB, "1.0 GiB"],
  [2 * GIB - 1, "1.9 GiB"],
])("%d bytes are %s", (bytes, text) => expect(sizeText(bytes)).toBe(text));

describe("a shortage", () => {
  const pull = { stack: "prod", reference: "me/web:2.0.0@sha256:ab", host: "ssh://shop", minFreeGiB: 2 };
  test("is told with what to do", () =>
    expect(shortageOf({ ...pull, freeBytes: 1.5 * GIB })).toBe(
      "me/web:2.0.0@sha256:ab was not pulled: the disk of the engine at ssh://shop has 1.5 GiB free, and " +
        "rampart:disk.minFreeGiB asks for 2 GiB.\n`npx rampart clean prod` shows which old images of the stack can " +
        "go, and `docker system df` what else takes room. A smaller minFreeGiB lets the update go on.",
    ));
  test("is none where just as much is free, or nothing is asked for", () => {
    expect(shortageOf({ ...pull, freeBytes: 2 * GIB })).toBeUndefined();
    expect(shortageOf({ ...pull, freeBytes: 0, minFreeGiB: 0 })).toBeUndefined();
  });
});
