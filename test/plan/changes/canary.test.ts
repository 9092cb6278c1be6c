import { compareConfigs } from "../../../plan/changes";
import { summarise } from "../../../plan/summary";
import { configOf, IMAGE, SERVICE } from "../../components/support";

const canary = (change: object = {}): object => ({
  image: IMAGE.replace(/:[^:@]+@/, ":9.9.9@"),
  weight: 10,
  ...change,
});
const config = (second?: object) =>
  configOf({
    services: { api: { ...SERVICE, routes: [{ host: "app.localhost" }], ...(second && { canary: second }) } },
  });
const changes = (before?: object, after?: object): string[] =>
  compareConfigs(config(before), config(after)).map(
    (change) => `${change.direction} ${change.path}: ${change.before ?? "-"} → ${change.after ?? "-"}`,
  );

test("a canary comes, gets more, and goes: neither weaker nor stronger", () => {
  const name = expect.stringMatching(
    /^other services\.api\.canary: - → \S+:9\.9\.9@sha256:[0-9a-f]{12}…, 10 % of the requests$/,
  ) as string;
  expect(changes(undefined, canary())).toEqual([name]);
  expect(changes(canary(), canary({ weight: 25 }))).toEqual(["other services.api.canary.weight: 10 → 25"]);
  expect(changes(canary(), undefined)).toHaveLength(1);
});

test("its variables are judged, and hidden, as a service's are", () => {
  expect(
    changes(canary({ environment: { NODE_ENV: "production" } }), canary({ environment: { NODE_ENV: "development" } })),
  ).toEqual(["weaker services.api.canary.environment.NODE_ENV: production → development"]);
});

test("the plan shows it: the image, the share, what is asked, what differs", () => {
  const { programs, routes } = summarise(config(canary({ replicas: 2, environment: { A: "b" } })));
  expect(routes[0]?.detail).toBe("to api, 10 % to its canary");
  const [api] = programs;
  expect(api?.facts.find(({ label }) => label === "canary")?.lines).toEqual([
    "10 % of the requests",
    expect.stringMatching(/:9\.9\.9@sha256:[0-9a-f]{12}…$/),
    "2 containers",
    "health GET /",
    "A=b",
  ]);
  const probed = config(canary()).services["api"];
  expect(probed?.healthCheck.command).toBeUndefined();
});
