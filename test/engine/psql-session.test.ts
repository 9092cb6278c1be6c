import { saidOf, sessionInput } from "../../engine/psql-session";

const SCRIPTS = [
  { database: "postgres", statements: ["SELECT 1", "SELECT 2"] },
  { database: "app", statements: ["SELECT 3"] },
];

test("each script has a connection and a transaction of its own", () => {
  expect(sessionInput(SCRIPTS)).toBe(`\\warn 'rampart: script 0'
BEGIN;
SELECT 1;
SELECT 2;
COMMIT;
\\warn 'rampart: script 1'
\\connect "app"
BEGIN;
SELECT 3;
COMMIT;
`);
});

test("two scripts of one database share no session", () => {
  const [first] = SCRIPTS;
  const scripts = first === undefined ? [] : [first, first];
  expect(sessionInput(scripts).match(/^\\connect "postgres"$/gm)).toHaveLength(1);
});

test("the words of a session go to their scripts, as far as it came", () => {
  const stderr = "rampart: script 0\nNOTICE:  one\nrampart: script 1\nERROR:  no\n";
  expect(saidOf(SCRIPTS, stderr)).toEqual([
    { database: "postgres", words: "NOTICE:  one" },
    { database: "app", words: "ERROR:  no\n" },
  ]);
  expect(saidOf(SCRIPTS, "rampart: script 0\nERROR:  no")).toEqual([{ database: "postgres", words: "ERROR:  no" }]);
});

test("what is said before the first script belongs to the first", () => {
  expect(saidOf(SCRIPTS, "psql: error: refused")).toEqual([{ database: "postgres", words: "psql: error: refused" }]);
  expect(saidOf(SCRIPTS, "docker: slow\nrampart: script 0\nrampart: script 1")).toEqual([
    { database: "postgres", words: "docker: slow" },
    { database: "app", words: "" },
  ]);
});
