import * as pulumi from "@pulumi/pulumi";
import { loadStackConfig } from "../../config";
import { SERVICE } from "../components/support";

const configure = (values: Readonly<Record<string, unknown>>): void =>
  pulumi.runtime.setAllConfig(
    { "rampart:environment": "dev", "rampart:services": JSON.stringify({ web: { ...SERVICE, ...values } }) },
    [],
  );

beforeAll(() =>
  pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "rampart", "dev"),
);

describe("the running stack's configuration", () => {
  test("is validated once, however many ask for it", () => {
    configure({});
    expect(loadStackConfig()).toBe(loadStackConfig());
  });

  test("is validated again after Pulumi's has changed", () => {
    configure({ port: 3001 });
    const before = loadStackConfig();
    configure({ port: 3002 });
    expect([before, loadStackConfig()].map(({ services }) => services["web"]?.port)).toEqual([3001, 3002]);
  });

  test("of a sample in production is refused where it is about to be deployed", () => {
    configure({ routes: [{ host: "app.example.com" }] });
    const samples = {
      ...pulumi.runtime.allConfig(),
      "rampart:environment": "prod",
      "rampart:acmeEmail": "ops@acme-shop.com",
    };
    pulumi.runtime.setAllConfig({ ...samples, "rampart:sample": "true" }, []);
    expect(loadStackConfig).toThrow('"app.example.com", which is a host of examples');
    pulumi.runtime.setAllConfig(
      Object.fromEntries(
        Object.entries(samples).map(([key, value]) => [key, value.replaceAll("example", "acme-shop")]),
      ),
      [],
    );
    expect(loadStackConfig().environment).toBe("prod");
  });

  test("is refused again where it was refused before", () => {
    configure({ port: 0 });
    expect(loadStackConfig).toThrow("services.web.port");
    expect(loadStackConfig).toThrow("services.web.port");
  });
});
