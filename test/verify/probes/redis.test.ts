import { redisPasswordHash } from "../../../hardening/redis";
import {
  isError,
  isRefused,
  readAnswers,
  redisDuties,
  redisOversteps,
  redisScript,
} from "../../../verify/probes/redis/commands";
import { userFinding } from "../../../verify/probes/redis/redis";
import { userFindings, type KnownUser } from "../../../verify/probes/redis/users";

const API: KnownUser = { name: "api", password: "0123456789abcdef", keyPrefixes: ["api:"] };
const HASH = redisPasswordHash(API.password);
/** As Redis 7.0 lists what the stack declares, shortened. */
const RULES = `on sanitize-payload #${HASH} ~api:* resetchannels &api:* +@all -@admin -flushall -keys -scan +info`;
const OFF = "user default off sanitize-payload resetchannels -@all";

const faults = (rules: string, more = OFF): string[] =>
  userFindings(`user api ${rules}\n${more}\nuser rampart on +ping`, [API]).flatMap(({ status, target, evidence }) =>
    status === "fail" ? [`${target}: ${evidence}`] : [],
  );

describe("the users of the running Redis", () => {
  test("as declared, they pass, also as Redis 7.4 writes them", () => {
    expect(faults(RULES)).toEqual([]);
    expect(faults(RULES.replace("-flushall -keys -scan", "-@dangerous"))).toEqual([]);
  });

  test.each([
    [RULES.replace("on ", "off "), "is off"],
    [`${RULES} nopass`, "needs no password"],
    [RULES.replace("~api:*", "~*"), "reaches ~*"],
    [`${RULES} ~queue:*`, "reaches ~queue:*"],
    [`${RULES} &*`, "reaches &*"],
    [`${RULES} %R~queue:*`, "reaches %R~queue:*"],
    [`${RULES} +config|get`, "is given +config|get"],
    [`${RULES} +@dangerous`, "is given +@dangerous"],
    [RULES.replace("-@admin ", ""), "may run what administers the server"],
    [RULES.replace("-keys ", ""), "may run KEYS"],
    [`${RULES} #${"0".repeat(64)}`, "takes a password that the state does not know"],
    [`${RULES} (~* +get)`, "has further rights by a selector"],
  ])("%s is named", (rules, words) => {
    expect(faults(rules)).toEqual([`api: ${words}`]);
  });

  test("another password, a user too many, and a default user that is on are named", () => {
    expect(faults(RULES.replace(HASH, "0".repeat(64)))).toEqual([
      "api: does not take the password that the state knows; takes a password that the state does not know",
    ]);
    expect(faults(RULES, `${OFF}\nuser intruder on ~* +@all`)).toEqual([
      "intruder: is a user of Redis that the state does not know",
    ]);
    expect(faults(RULES, "user default on nopass +@all")).toEqual(["default: is on: a user without a name"]);
    expect(userFindings(OFF, [API])[0]?.evidence).toBe("Redis has no such user");
  });
});

describe("what a user tries", () => {
  test("nothing of it empties, stops or writes, where it is allowed", () => {
    for (const { command } of [...redisOversteps(["queue:"]), ...redisDuties(["api:"])]) {
      expect(command).not.toMatch(
        /^(FLUSHALL|FLUSHDB|SHUTDOWN|BGSAVE|SAVE|KEYS|MONITOR)( (SYNC|ASYNC|NOSAVE|SAVE|\*))?$/,
      );
      if (command.startsWith("SET ")) expect(command).toMatch(/ XX$/);
    }
  });

  test("answers of several lines are kept apart", () => {
    const script = redisScript(
      [
        { what: "a", command: "PING" },
        { what: "b", command: "GET x" },
      ],
      "m-",
    );
    expect(script).toBe("PING\nECHO m-0\nGET x\nECHO m-1\n");
    expect(readAnswers("PONG\nm-0\na\nb\n\nm-1\n", "m-", 3)).toEqual(["PONG", "a\nb", undefined]);
  });

  test.each([
    "NOPERM this user has no permissions to run the 'config' command",
    "NOPERM User api has no permissions to run the 'config|get' command",
    "NOPERM No permissions to access a key",
    "ERR DEBUG command not allowed. If the enable-debug-command option is set",
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
  ])("%s is a refusal", (answer) => {
    expect(isRefused(answer)).toBe(true);
  });

  test.each(["OK", "", "0", "ERR syntax error", "ERR no such key"])("'%s' is none", (answer) => {
    expect(isRefused(answer)).toBe(false);
  });

  test("an error is told from an answer", () => {
    expect(["NOPERM x", "ERR x", "(error) OOM command"].map(isError)).toEqual([true, true, true]);
    expect(["PONG", "", "42"].map(isError)).toEqual([false, false, false]);
  });

  const [beyond, own] = [[{ what: "empty the server", command: "FLUSHALL X" }], [{ what: "read", command: "GET a" }]];
  test.each([
    [["OK", "NOPERM x", ""], "pass", "1 commands refused, 1 of its own taken"],
    [["OK", "ERR syntax error", ""], "fail", "may empty the server"],
    [["OK", "NOPERM x", "NOPERM x"], "fail", "cannot read: NOPERM x"],
    [
      ["WRONGPASS x", "NOAUTH", "NOAUTH"],
      "fail",
      "does not get in with the password that the state knows: WRONGPASS x",
    ],
  ])("%j: %s", (answers, status, evidence) => {
    expect(userFinding("api", beyond, own, answers)).toEqual({ status, target: "api", evidence });
  });
});
