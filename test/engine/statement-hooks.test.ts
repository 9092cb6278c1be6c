import * as pulumi from "@pulumi/pulumi";
import { DockerClient } from "../../engine/docker";
import { statementHooks } from "../../engine/statement-hooks";
import { record } from "../components/support";
import { FakeDocker } from "./fake-docker";

const SCRIPTS = ["postgres", "app", "postgres"].map((database) => ({ database, statements: ["SELECT 1"] }));

let docker: FakeDocker;
const path = process.env["PATH"];

beforeEach(async () => {
  // Hooks want a monitor that knows them.
  await record(() => undefined);
  docker = new FakeDocker();
  process.env["PATH"] = docker.path;
  docker.answer("ps", { stdout: "c0ffee\n" });
});

afterEach(() => {
  docker.remove();
  process.env["PATH"] = path;
  jest.restoreAllMocks();
});

async function run(statements: typeof SCRIPTS): Promise<void> {
  const settings = { name: "rampart-dev-elevations", statements: pulumi.output(statements) };
  const { beforeCreate = [] } = statementHooks("dev", new DockerClient("unix:///run/test.sock"), settings);
  const [hook] = beforeCreate;
  if (!(hook instanceof pulumi.ResourceHook)) throw new Error("there is no hook");
  await hook.callback({ urn: "", id: "", name: "", type: "" });
}

const runs = (): string[] => docker.calls.filter((call) => / exec /.test(call));

test("all scripts run in one psql, which begins in the first one's database", async () => {
  await run(SCRIPTS);
  expect(runs()).toHaveLength(1);
  expect(runs()[0]).toMatch(/exec --interactive c0ffee \/bin\/sh -c .* - postgres$/);
});

test("without a script no psql runs", async () => {
  await run([]);
  expect(runs()).toEqual([]);
});

test("the database that refuses is named, with what it said and nothing of those before", async () => {
  docker.answer("exec", {
    code: 3,
    stderr: "rampart: script 0\nrampart: script 1\npsql:<stdin>:7: ERROR:  no such role\n",
  });
  await expect(run(SCRIPTS)).rejects.toThrow(
    "rampart-dev-elevations: database app refused it; services were not changed, and the next `pulumi up` tries " +
      "again.\n    ERROR:  no such role",
  );
});

test("after a deadlock what is committed does not run again", async () => {
  docker.answer("exec", {
    code: 3,
    stderr: "rampart: script 0\nrampart: script 1\npsql:<stdin>:7: ERROR: deadlock detected\n",
  });
  await expect(run(SCRIPTS)).rejects.toThrow("database postgres refused it");
  expect(runs().map((call) => call.split(" ").at(-1))).toEqual(["postgres", "app", "postgres"]);
});
