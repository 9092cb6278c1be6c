import * as pulumi from "@pulumi/pulumi";
import { loadStackConfig, sourcedSecret } from "../../config";
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

/** With Pulumi's engine in place of the mocks, as far as a program can tell. */
async function withEngine(deploys: boolean, program: () => unknown): Promise<void> {
  const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
  await pulumi.runtime.setMocks(mocks, "rampart", "dev", !deploys);
  const { getMonitor } = pulumi.runtime as unknown as { readonly getMonitor: () => object };
  Object.assign(getMonitor(), { waitForReady: () => undefined });
  try {
    await program();
  } finally {
    await pulumi.runtime.setMocks(mocks, "rampart", "dev");
  }
}

/** Prints a value that the test chose. */
const printing = (value: string) => ({ command: ["printf", "%s", value] });
const GOOD = "q7Zk3v9QmX7Lr2Wp8Tn5";
const known = (output: pulumi.Output<string>): Promise<boolean> =>
  (output as unknown as { readonly isKnown: Promise<boolean> }).isKnown;

describe("a secret from elsewhere", () => {
  test("is asked of nobody where there is no engine", () => {
    configure({ secrets: { STRIPE_KEY: { from: { command: ["rampart-test-no-such-program"] } } } });
    expect(loadStackConfig().services["web"]?.secrets).toHaveProperty("STRIPE_KEY");
  });

  test.each([true, false])("is read with the engine, and is a secret (deploys: %s)", (deploys) =>
    withEngine(deploys, async () => {
      configure({ secrets: { STRIPE_KEY: { from: printing(GOOD) } }, port: deploys ? 3003 : 3004 });
      expect(JSON.stringify(loadStackConfig().services)).toContain('"from"');
      const output = sourcedSecret(printing(GOOD));
      expect(await pulumi.isSecret(output)).toBe(true);
      await new Promise<void>((resolve) => {
        pulumi.unsecret(output).apply((value) => {
          expect(value).toBe(GOOD);
          resolve();
        });
      });
    }),
  );

  test("that cannot be read stops the program, and the error has none of it", () =>
    withEngine(true, () => {
      configure({ secrets: { STRIPE_KEY: { from: printing("changeme") } } });
      expect(loadStackConfig).toThrow(/services\.web\.secrets\.STRIPE_KEY[^]*placeholder of 8 characters/);
      configure({ secrets: { STRIPE_KEY: { from: { command: ["rampart-test-no-such-program"] } } } });
      expect(loadStackConfig).toThrow("`rampart-test-no-such-program`, which is not installed on this machine");
    }));

  test("whose program a preview lacks is unknown to it", () =>
    withEngine(false, async () => {
      const from = { command: ["rampart-test-no-such-program"] };
      const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
      configure({ secrets: { STRIPE_KEY: { from } } });
      expect(loadStackConfig().environment).toBe("dev");
      expect(warn.mock.calls.flat().join()).toContain("STRIPE_KEY: `rampart-test-no-such-program` is not installed");
      warn.mockRestore();
      const output = sourcedSecret(from);
      expect([await known(output), await pulumi.isSecret(output)]).toEqual([false, true]);
    }));

  test("that nobody has read is no empty secret", () =>
    withEngine(true, () => {
      expect(() => sourcedSecret(printing("never read"))).toThrow("read by loadStackConfig");
    }));
});
