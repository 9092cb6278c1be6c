import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const DIRECTORY = join(__dirname, "../../components");
const FILES = readdirSync(DIRECTORY).filter((file) => file !== "index.ts");

/**
 * What is wrong with the text of a file of components/:
 * everything that it has beside one component and the types of its arguments.
 */
function faults(text: string): string[] {
  const classes = [...text.matchAll(/^(?:export )?(?:default )?(?:abstract )?class (\w+)(?: extends ([\w.]+))?/gm)];
  const components = classes.filter(
    ([line, , base]) => line.startsWith("export") && base === "pulumi.ComponentResource",
  );
  const others = [...text.matchAll(/^export (?!class |interface |type \w+ =).*/gm)].map(([line]) => line);
  return [
    ...(components.length === 1 ? [] : [`${components.length} components`]),
    ...classes.filter((one) => !components.includes(one)).map(([line]) => line),
    ...others,
  ];
}

describe("a file of components/", () => {
  test.each(FILES)("%s declares one component and exports nothing beside it but types", (file) => {
    expect(faults(readFileSync(join(DIRECTORY, file), "utf8"))).toEqual([]);
  });

  const COMPONENT = "export class A extends pulumi.ComponentResource {}\n";
  test.each([
    { name: "no component", text: "", found: ["0 components"] },
    { name: "a second component", text: COMPONENT + COMPONENT, found: ["2 components"] },
    { name: "another class", text: `${COMPONENT}class B {}\n`, found: ["class B"] },
    { name: "a function", text: `${COMPONENT}export function f(): void {}\n`, found: ["export function f(): void {}"] },
    { name: "a constant", text: `${COMPONENT}export const one = 1;\n`, found: ["export const one = 1;"] },
    { name: "what others export", text: `${COMPONENT}export * from "./b";\n`, found: ['export * from "./b";'] },
  ])("is refused for $name", ({ text, found }) => expect(faults(text)).toEqual(found));

  test("may export the types of its component's arguments", () => {
    expect(faults(`export interface AArgs {}\nexport type Kind = "a";\n${COMPONENT}`)).toEqual([]);
  });
});
