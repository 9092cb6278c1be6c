import { findLeftovers, goesWithUpdate, isAny, leftoverSentence, removal } from "../../../commands/start/leftovers";

const listings = {
  containers:
    '{"ID":"aa11","Names":"rampart-dev-edge-1234567"}\n{"ID":"bb22","Names":"rampart-dev-web-1234567"}\n' +
    '{"ID":"cc33","Names":"rampart-other-web-1"}\n',
  networks: '{"ID":"dd44","Name":"rampart-dev-public"}\n',
  volumes: '{"Name":"rampart-dev-postgres-data"}\n',
};

it("leftovers are what the state does not know, only under this stack's name", () =>
  expect(findLeftovers(listings, "rampart-dev", '{"id":"aa11"}')).toEqual({
    containers: ["rampart-dev-web-1234567"],
    networks: ["rampart-dev-public"],
    volumes: ["rampart-dev-postgres-data"],
  }));

it("there are no leftovers where the state knows everything", () =>
  expect(
    isAny(findLeftovers(listings, "rampart-dev", '{"a":["aa11","bb22","dd44","rampart-dev-postgres-data"]}')),
  ).toBe(false));

it("a part of an id in the state is not taken for the id", () =>
  expect(findLeftovers(listings, "rampart-dev", '{"id":"xaa11x"}').containers).toContain("rampart-dev-edge-1234567"));

const all = findLeftovers(listings, "rampart-dev", "");

it("the commands that remove leftovers name only what is there", () => {
  expect(removal(all)).toBe(
    "docker rm --force rampart-dev-edge-1234567 rampart-dev-web-1234567 ; " +
      "docker network rm rampart-dev-public ; docker volume rm rampart-dev-postgres-data",
  );
  expect(removal({ containers: [], networks: ["n"], volumes: [] })).toBe("docker network rm n");
});

it("what an update removes by itself is containers of creations that were cut off, and only those", () => {
  const left = { containers: ["rampart-dev-web-1234567"], networks: [], volumes: [] };
  const creating = ["rampart-dev-web"];
  expect(goesWithUpdate(left, creating, ["null"])).toBe(true);
  // It has its limit: the creation was whole, and nothing removes the container.
  expect(goesWithUpdate(left, creating, ["256"])).toBe(false);
  expect(goesWithUpdate(left, creating, [])).toBe(false);
  expect(goesWithUpdate(left, ["rampart-dev"], ["null"])).toBe(false);
  expect(goesWithUpdate(left, [], ["null"])).toBe(false);
  expect(goesWithUpdate({ ...left, networks: ["rampart-dev-public"] }, creating, ["null"])).toBe(false);
});

it("the message tells a run that was cut off from a stack whose state is elsewhere", () => {
  const few = { containers: [], networks: ["rampart-dev-public"], volumes: [] };
  expect(leftoverSentence("rampart-dev", few, true, "mine.yaml")).toBe(
    "A run that was cut off left things of rampart-dev on the engine which its state does not know: " +
      "remove them with `docker network rm rampart-dev-public`, then run `npm start` again.",
  );
  expect(leftoverSentence("rampart-dev", few, false, "mine.yaml")).toBe(
    "The engine already has a stack named rampart-dev whose state is not here: " +
      "destroy it from where it was deployed (or, if that is gone, with `docker network rm rampart-dev-public`), " +
      "or give this one another name with rampart:name in mine.yaml, then run `npm start` again.",
  );
  expect(leftoverSentence("rampart-dev", all, false, "mine.yaml")).toContain("`, which deletes its data), or give");
});
