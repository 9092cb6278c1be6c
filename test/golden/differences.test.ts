import { differences } from "./differences";

const container = (name: string, inputs: object): object => ({
  type: "docker:index/container:Container",
  name,
  inputs,
});

describe("differences between two recordings", () => {
  test("are none where nothing but the order of keys differs", () => {
    expect(differences({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toEqual([]);
  });

  test("name the resource and the property", () => {
    const was = { resources: [container("api", { memory: 256 }), container("web", { memory: 256 })] };
    const is = { resources: [container("api", { memory: 256 }), container("web", { memory: 512 })] };
    expect(differences(was, is)).toEqual(["resources › Container web › inputs › memory: 256 -> 512"]);
  });

  test("name the carrier and the path of a file whose digest is another", () => {
    expect(differences({ carrier: { "/files/start.sh": "a1" } }, { carrier: { "/files/start.sh": "b2" } })).toEqual([
      'carrier › /files/start.sh: "a1" -> "b2"',
    ]);
  });

  test("name only the resource that is new or gone, and none that moved", () => {
    const [one, two] = [container("api", {}), container("web", {})];
    expect(differences([two], [one, two])).toEqual([
      'Container api: new, {"type":"docker:index/container:Container","name":"api","inputs":{}}',
    ]);
    expect(differences([one, two], [two])).toEqual(["Container api: gone"]);
  });

  test("tell two entries of one rule about one resource apart", () => {
    const entry = (message: string): object => ({ id: "cis-5.4", resource: "web", message });
    expect(differences([entry("one"), entry("two")], [entry("one"), entry("three")])).toEqual([
      'cis-5.4 of web (1) › message: "two" -> "three"',
    ]);
  });

  test("show of a long text what surrounds its first difference", () => {
    const [line] = differences({ script: `${"a".repeat(500)}b` }, { script: `${"a".repeat(500)}c` });
    expect(line).toBe(`script: …${"a".repeat(40)}b" -> …${"a".repeat(40)}c"`);
  });

  test("show a text that only became longer, and a list that became an object", () => {
    expect(differences("abc", "abcd")).toEqual([': "abc" -> "abcd"']);
    expect(differences({ x: [1] }, { x: { 0: 1 } })).toEqual(['x: [1] -> {"0":1}']);
  });
});
