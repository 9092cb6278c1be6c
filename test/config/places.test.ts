import { fillIn } from "../../config/places";
import { faultsOf } from "./support";

test("a place to fill in is one fault, with what belongs there, and the rest is judged", () => {
  const faults = faultsOf({
    "services.api.image": fillIn("the image\nwith its digest"),
    "services.api.port": fillIn("the port"),
    "services.api.cache": { keyPrefixes: [fillIn("the prefix")] },
    "services.api.environment.PLAIN": `x\n${fillIn("a value")}\ny`,
    "services.worker.healthCheck.command": [fillIn("a command")],
    "services.worker.dockerApi.allow": [fillIn("a request")],
    "services.frontend.port": 80,
  });
  expect(faults.map(({ path, given, allowed }) => `${path}: ${given}: ${allowed}`)).toEqual([
    "rampart:services.api.image: a place to fill in: the image with its digest",
    "rampart:services.api.port: a place to fill in: the port",
    "rampart:services.api.cache.keyPrefixes[0]: a place to fill in: the prefix",
    "rampart:services.api.environment.PLAIN: a place to fill in: a value",
    "rampart:services.worker.healthCheck.command[0]: a place to fill in: a command",
    "rampart:services.worker.dockerApi.allow[0]: a place to fill in: a request",
    "rampart:services.frontend.port: 80: 1024 to 65535; a program without capabilities listens on no lower port",
  ]);
});
