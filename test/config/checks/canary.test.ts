import { canaryHealthPath, canaryOf, imageReferences } from "../../../config";
import { configOf, IMAGE, SERVICE } from "../../components/support";
import { DIGEST, faultsOf, image } from "../support";

const OTHER = `me/web:2.0.0@${DIGEST}`;
const canary = (change: object, service: object = {}): unknown =>
  faultsOf({
    "services.web": {
      image: image("web"),
      port: 3000,
      routes: [{ host: "web.acme-shop.com" }],
      environment: { MODE: "a", LEVEL: "info" },
      canary: { image: OTHER, weight: 10, ...change },
      ...service,
    },
  });

test("a whole percentage of the requests, none and all included", () => {
  expect([canary({}), canary({ weight: 0 }), canary({ weight: 100 })]).toEqual([[], [], []]);
  const fault = {
    path: "rampart:services.web.canary.weight",
    allowed: "a whole number from 0 to 100: percent of the requests",
    fix: "write 10 for one request of ten; 0 has the canary run without requests",
  };
  expect(canary({ weight: 101 })).toEqual([{ ...fault, given: "101" }]);
  expect(canary({ weight: -1 })).toEqual([{ ...fault, given: "-1" }]);
  expect(canary({ weight: 2.5 })).toMatchObject([{ path: fault.path }]);
  expect(canary({ weight: "10%" })).toMatchObject([{ path: fault.path }]);
});

test("an image that is pinned", () =>
  expect(canary({ image: "me/web:2" })).toMatchObject([{ path: "rampart:services.web.canary.image" }]));

test("a service with a route", () =>
  expect(canary({}, { routes: [] })).toEqual([
    {
      path: "rampart:services.web.canary",
      given: "a canary of a service without a route",
      allowed: "a service with a route: the gateway is what shares requests out",
      fix: "add a route, or remove it",
    },
  ]));

test("another version than the service: another image, or another value of a variable", () => {
  const fault = {
    path: "rampart:services.web.canary.image",
    given: `"${image("web").split("@")[0] ?? ""}", with the variables of the service`,
    allowed: "another image than the service's, or a variable with another value",
    fix: "correct the image, or remove canary",
  };
  expect(canary({ image: image("web") })).toEqual([fault]);
  expect(canary({ image: image("web"), environment: { MODE: "a" } })).toEqual([fault]);
  expect(canary({ image: image("web"), environment: { MODE: "b" } })).toEqual([]);
});

test("variables of its own are judged as a service's", () => {
  expect(canary({ environment: { LICENCE_FILE: "/x" } }, { secrets: { LICENCE: "generated" } })).toContainEqual({
    path: "rampart:services.web.canary.environment.LICENCE_FILE",
    given: "a variable that a secret sets too",
    allowed: "one source for each variable",
    fix: "remove one of the two",
  });
  expect(canary({ environment: { DOCKER_HOST: "tcp://192.0.2.7:2375" } })).toMatchObject([
    { path: "rampart:services.web.canary.environment.DOCKER_HOST" },
  ]);
});

const settings = { ...SERVICE, routes: [{ host: "app.localhost" }], environment: { A: "1", B: "2" } };
const config = (change: object = {}) =>
  configOf({
    services: { api: { ...settings, canary: { image: OTHER, weight: 5, environment: { B: "3" } }, ...change } },
  });

test("what it does not say is as the service says", () => {
  const service = config().services["api"];
  const second = service && canaryOf(service);
  expect(second).toEqual({ ...service, canary: undefined, image: OTHER, environment: { A: "1", B: "3" }, replicas: 1 });
  expect(imageReferences(config())).toEqual(expect.arrayContaining([IMAGE, OTHER]));
  expect(canaryOf(configOf({ services: { api: settings } }).services["api"] ?? fail())).toBeUndefined();
});

test("the gateway asks it for the path of the health check, or for one of its own", () => {
  const path = (change: object): string | undefined => canaryHealthPath(config(change).services["api"] ?? fail());
  const own = { canary: { image: OTHER, weight: 5, healthPath: "/ready" } };
  const command = { healthCheck: { command: ["true"] } };
  expect([path({}), path({ healthCheck: { http: "/up" } }), path(command), path({ ...command, ...own })]).toEqual([
    "/",
    "/up",
    undefined,
    "/ready",
  ]);
});

function fail(): never {
  throw new Error("there is no service");
}
