import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rememberConfigFile } from "../../../commands/shared/last-start";
import { programOf, projectRoot, stackFileOf } from "../../../commands/shared/project";
import { statePaths } from "../../../commands/shared/state";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "rampart-project-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const project = (path: string, text = "name: rampart\n"): string => {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "Pulumi.yaml"), text);
  return path;
};

describe("the project", () => {
  it("of a clone is the clone, wherever a command is run", () => {
    const clone = project(join(directory, "clone"));
    const other = project(join(directory, "other"));
    expect(projectRoot(clone, other)).toBe(clone);
  });

  it("of the installed package is the nearest directory with a Pulumi.yaml", () => {
    const home = join(directory, "app/node_modules/rampart/dist");
    const app = project(join(directory, "app"));
    expect(projectRoot(home, join(app, "src/deep"))).toBe(app);
    expect(projectRoot(home, app)).toBe(app);
  });

  it("is the current directory where there is none", () =>
    expect(projectRoot(join(directory, "dist"), directory)).toBe(directory));

  it("has the program that Pulumi.yaml names, else its package", () => {
    const app = project(directory, "main: src/index.ts\n");
    expect(programOf(app)).toBe(join(app, "src/index.ts"));
    expect(programOf(project(directory))).toBe(directory);
  });

  it("may have no file for a stack, but has to have one that is named", () => {
    project(directory);
    expect(stackFileOf(directory, "prod", undefined)).toBeUndefined();
    expect(() => stackFileOf(directory, "prod", join(directory, "x.yaml"))).toThrow(/^there is no .*x\.yaml/);
    writeFileSync(join(directory, "Pulumi.prod.yaml"), "config: { docker:host: ssh://db }\n");
    expect(stackFileOf(directory, "prod", undefined)?.values).toEqual({ "docker:host": "ssh://db" });
  });

  it("reads a stack from the file that it was last started from", () => {
    project(directory);
    writeFileSync(join(directory, "Pulumi.prod.yaml"), "config: { docker:host: ssh://sample }\n");
    writeFileSync(join(directory, "shop.yaml"), "config: { docker:host: ssh://shop }\n");
    mkdirSync(join(directory, ".rampart"));
    rememberConfigFile(statePaths(directory), "prod", "shop.yaml");
    expect(stackFileOf(directory, "prod", undefined)?.values).toEqual({ "docker:host": "ssh://shop" });
    expect(stackFileOf(directory, "prod", join(directory, "Pulumi.prod.yaml"))?.values).toEqual({
      "docker:host": "ssh://sample",
    });
    rmSync(join(directory, "shop.yaml"));
    expect(() => stackFileOf(directory, "prod", undefined)).toThrow(/there is no .*shop\.yaml/);
  });
});
