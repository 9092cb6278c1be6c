/** Each service's user of Redis oversteps its rights, from the internal network. */
import { randomBytes } from "node:crypto";
import { dataUsers, keyPrefixes, usesRedis } from "../../../config";
import { WRITE_FILE_SCRIPT } from "../../../hardening/postgres/session/session-scripts";
import { NOBODY } from "../../../hardening/container/workload";
import { REDIS_ADMIN, REDIS_LIVE_FILES, REDIS_PATHS } from "../../../hardening/redis";
import { REDIS_ALIAS, REDIS_PORT } from "../../../hardening/redis/url";
import { leaf, tree } from "../../../hardening/tree";
import type { Finding } from "../../check";
import type { Shell, Stage } from "../../stage";
import type { Probe } from "../probe";
import { isError, isRefused, readAnswers, redisDuties, redisOversteps, redisScript, type RedisTry } from "./commands";
import { userFindings, type KnownUser } from "./users";

const FILES = "/run/rampart";
const CA = `${FILES}/ca.pem`;
const NOBODYS = "nobodys:";

const cli = (tls: boolean): string =>
  `redis-cli -h ${REDIS_ALIAS} -p ${REDIS_PORT}${tls ? ` --tls --cacert ${CA}` : ""}`;

/** Users of services and jobs, as far as the state knows their passwords. */
export function knownUsers({ config, state }: Pick<Stage, "config" | "state">): KnownUser[] {
  const secret = (name: string): string =>
    Object.entries(state.passwords).find(([resource]) => resource.endsWith(`-secrets-redis-${name}`))?.[1] ?? "";
  return Object.entries(dataUsers(config)).flatMap(([name, { cache }]) =>
    cache === false || secret(name) === ""
      ? []
      : [{ name, password: secret(name), keyPrefixes: keyPrefixes(name, cache) }],
  );
}

async function shellOf(stage: Stage): Promise<Shell> {
  const network = stage.networks().find(({ name }) => name === "internal")?.engineName ?? "";
  const shell = await stage.in({
    ...{ image: leaf(stage.running("redis")[0]?.["Image"]), user: NOBODY, network },
    resources: { memoryMiB: 64, cpus: 0.5, pids: 32 },
    tmpfs: [{ path: FILES, sizeMiB: 1 }],
  });
  if (stage.config.redis.tls) await shell.run(WRITE_FILE_SCRIPT, { args: [CA], input: await authorityOf(stage) });
  return shell;
}

/** The stack's own authority; where the outputs have none, as the server's container has it. */
async function authorityOf(stage: Stage): Promise<string> {
  const { outputs } = stage.state;
  const known = leaf(tree(outputs)["certificateAuthority"]) || leaf(tree(tree(outputs)["database"])["ca"]);
  if (known !== "") return known;
  const file = `${REDIS_PATHS.live}/${REDIS_LIVE_FILES.ca}`;
  const container = leaf(stage.running("redis")[0]?.["Id"]);
  return stage.engine.must("Redis' authority could not be read", ["exec", container, "cat", file]);
}

/** What a user answers to each try. The password goes by redis-cli's input, which nobody else sees. */
async function answersOf(
  shell: Shell,
  tls: boolean,
  { name, password }: KnownUser,
  tries: readonly RedisTry[],
): Promise<readonly (string | undefined)[]> {
  const mark = `mark-${randomBytes(9).toString("hex")}-`;
  const login: RedisTry = { what: "log in", command: `AUTH ${name} ${password}` };
  const { stdout } = await shell.run(cli(tls), { input: redisScript([login, ...tries], mark) });
  return readAnswers(stdout, mark, tries.length + 1);
}

/** @param answers to the login, then to each of both lists */
export function userFinding(
  target: string,
  beyond: readonly RedisTry[],
  own: readonly RedisTry[],
  answers: readonly (string | undefined)[],
): Finding {
  if (answers[0] !== "OK")
    return {
      status: "fail",
      target,
      evidence: `does not get in with the password that the state knows: ${answers[0] ?? "no answer"}`.slice(0, 300),
    };
  const refused = beyond.map((one, index) => ({ ...one, answer: answers[1 + index] }));
  const duties = own.map((one, index) => ({ ...one, answer: answers[1 + beyond.length + index] }));
  const through = refused.filter(({ answer }) => answer !== undefined && !isRefused(answer));
  if (through.length > 0)
    return { status: "fail", target, evidence: `may ${through.map(({ what }) => what).join(", ")}` };
  const cannot = duties.filter(({ answer }) => answer === undefined || isError(answer));
  if (cannot.length > 0)
    return {
      status: "fail",
      target,
      evidence: `cannot ${cannot.map(({ what, answer }) => `${what}: ${answer ?? "no answer"}`).join("; ")}`,
    };
  return { status: "pass", target, evidence: `${refused.length} commands refused, ${duties.length} of its own taken` };
}

interface Way {
  readonly what: string;
  readonly script: string;
  readonly input: string;
  readonly closed: RegExp;
}

/** What comes in without being anybody. */
const waysIn = (tls: boolean): readonly Way[] => [
  { what: "without a password", script: cli(tls), input: "PING\n", closed: /NOAUTH/ },
  { what: "as default without a password", script: cli(tls), input: 'AUTH default ""\n', closed: /WRONGPASS|NOAUTH/ },
  {
    what: "with a wrong password",
    script: cli(tls),
    input: `AUTH ${REDIS_ADMIN} nobodys\n`,
    closed: /WRONGPASS/,
  },
  ...(tls
    ? [
        {
          what: "in clear",
          script: `timeout 10 ${cli(false)}`,
          input: "PING\n",
          closed: /closed the connection|I\/O error|Connection reset|Protocol error|Could not connect/i,
        },
      ]
    : []),
];

async function entranceFindings(shell: Shell, tls: boolean): Promise<Finding[]> {
  return Promise.all(
    waysIn(tls).map(async ({ what, script, input, closed }): Promise<Finding> => {
      const { stdout, stderr } = await shell.run(script, { input });
      const words = `${stdout} ${stderr}`.trim();
      if (closed.test(words)) return { status: "pass", target: "redis", evidence: `refuses a client ${what}` };
      return /PONG|OK/.test(words)
        ? { status: "fail", target: "redis", evidence: `lets a client in: ${what}` }
        : { status: "skip", target: "redis", evidence: `not told ${what}: ${words.slice(0, 200)}` };
    }),
  );
}

/** The users in force, by Rampart's own user in Redis' container, whose password never leaves it. */
async function list(stage: Stage): Promise<string> {
  const tls = stage.config.redis.tls ? " --tls --insecure" : "";
  const script =
    `REDISCLI_AUTH=$(cat /tmp/rampart-admin) exec redis-cli -p ${REDIS_PORT}${tls} --user ${REDIS_ADMIN} ` +
    "--no-auth-warning ACL LIST";
  const container = leaf(stage.running("redis")[0]?.["Id"]);
  return stage.engine.must("Redis did not list its users", ["exec", container, "sh", "-c", script]);
}

export const redis: Probe = {
  id: "probe-redis",
  title: "every service's user of Redis reaches its own keys, and nothing else",
  severity: "high",
  why: "one Redis is shared: sessions and queues of one service are another's to read where the users are wide",
  run: async (stage) => {
    if (!usesRedis(stage.config)) return [];
    const { tls } = stage.config.redis;
    const [users, shell] = [knownUsers(stage), await shellOf(stage)];
    const [declared, entered, tried] = await Promise.all([
      list(stage).then((found) => userFindings(found, users)),
      entranceFindings(shell, tls),
      Promise.all(
        users.map(async (user): Promise<Finding> => {
          const foreign = users
            .flatMap(({ keyPrefixes: theirs }) => theirs)
            .filter((prefix) => !user.keyPrefixes.some((own) => prefix.startsWith(own)));
          const beyond = redisOversteps([...new Set([...foreign, NOBODYS])]);
          const own = redisDuties(user.keyPrefixes);
          return userFinding(user.name, beyond, own, await answersOf(shell, tls, user, [...beyond, ...own]));
        }),
      ),
    ]);
    return [...entered, ...declared, ...tried];
  },
};
