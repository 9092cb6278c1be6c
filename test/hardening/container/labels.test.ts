import { labels, ownerLabels } from "../../../hardening/container/labels";
import { WORKLOAD } from "./workload";

describe("labels", () => {
  test("of anything name its stack, its component and itself, sorted", () => {
    expect(ownerLabels({ stack: "prod" }, "network", "internal")).toEqual([
      { label: "io.rampart.component", value: "network" },
      { label: "io.rampart.name", value: "internal" },
      { label: "io.rampart.stack", value: "prod" },
    ]);
  });

  test("of a container add its PIDs limit and its exceptions, sorted", () => {
    const accepted = [
      { rule: "rampart-tmpfs-noexec", reason: "unpacks there" },
      { rule: "cis-5.8", reason: "serves the web" },
    ];
    expect(labels({ ...WORKLOAD, accepted }, { stack: "prod" })).toEqual([
      { label: "io.rampart.accepted.cis-5.8", value: "serves the web" },
      { label: "io.rampart.accepted.rampart-tmpfs-noexec", value: "unpacks there" },
      { label: "io.rampart.component", value: "service" },
      { label: "io.rampart.name", value: "api" },
      { label: "io.rampart.pids-limit", value: "128" },
      { label: "io.rampart.stack", value: "prod" },
    ]);
  });
});
