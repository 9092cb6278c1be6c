import { parse } from "yaml";
import { renderTraefikStatic, type TraefikStaticSettings } from "../../../hardening/edge";

const SETTINGS: TraefikStaticSettings = { certificates: { kind: "self-signed" }, gatewaySubnet: "10.20.2.0/24" };

test("the edge hands out metrics where it is told to, and nowhere by default", () => {
  expect(renderTraefikStatic(SETTINGS)).not.toContain("metrics");
  expect(parse(renderTraefikStatic({ ...SETTINGS, metrics: "10.20.255.13:9102" }))).toMatchObject({
    entryPoints: { metrics: { address: "10.20.255.13:9102" } },
    metrics: { prometheus: { entryPoint: "metrics" } },
  });
});
