import { hardenedWorkload } from "../../../hardening/container/hardened-workload";
import { defined } from "../../../hardening/defined";

test("a workload that says only what it must is confined, on no network, and mounts nothing", () => {
  const { networks, mounts, capabilities, readOnlyRoot, seccomp, appArmor, publishedPorts, accepted, restart } =
    hardenedWorkload({
      name: "x",
      component: "service",
      image: "x:1",
      user: "1000:1000",
      resources: { memoryMiB: 64, cpus: 0.5, pids: 32 },
      logging: { maxSizeMiB: 10, maxFiles: 3 },
    });
  expect({ networks, mounts, capabilities, publishedPorts, accepted }).toEqual({
    networks: [],
    mounts: [],
    capabilities: [],
    publishedPorts: [],
    accepted: [],
  });
  expect({ readOnlyRoot, seccomp, appArmor, restart }).toEqual({
    readOnlyRoot: true,
    seccomp: { kind: "default" },
    appArmor: { kind: "default" },
    restart: "on-failure",
  });
});

test("a field that is undefined is not there; null, false, 0 and empty text are values", () => {
  const fields = defined({ a: undefined as string | undefined, b: null, c: false, d: 0, e: "", f: "x" });
  expect(Object.keys(fields)).toEqual(["b", "c", "d", "e", "f"]);
});
