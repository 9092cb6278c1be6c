import { readdirSync } from "node:fs";
import { join } from "node:path";
import tseslint from "typescript-eslint";

/**
 * What each room may import, from the top down: docs/architecture.md. Two rooms on one line of the picture never meet.
 */
const ROOMS = {
  commands: ["plan", "components", "resources", "engine", "config", "hardening"],
  plan: ["components", "resources", "engine", "config", "hardening"],
  components: ["resources", "engine", "config", "hardening"],
  resources: ["engine", "config", "hardening"],
  engine: ["hardening"],
  config: ["hardening"],
  hardening: [],
};

const patternsOf = (room) => {
  const below = ROOMS[room];
  const closed = [...Object.keys(ROOMS), "test"].filter((other) => other !== room && !below.includes(other));
  const open = below.length === 0 ? "no other room" : `only ${below.map((name) => `${name}/`).join(", ")}`;
  return [
    {
      regex: `^(\\.\\./)+(${closed.join("|")})(/|$)`,
      message: `${room}/ imports ${open} (docs/architecture.md).`,
    },
    ...(room === "hardening"
      ? [{ regex: "^@pulumi/", allowTypeImports: true, message: "hardening/ knows nothing of Pulumi at run time." }]
      : []),
  ];
};

const restricted = (files, patterns) => ({
  files,
  rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] },
});

const layers = Object.keys(ROOMS).map((room) => restricted([`${room}/**/*.ts`], patternsOf(room)));

const ENTRY = "rampart";
const COMMANDS = readdirSync(join(import.meta.dirname, "commands"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));

/**
 * A command imports its own folder and commands/shared/; what two commands need moves to the latter.
 * Only the entry imports commands.
 */
const commands = [...COMMANDS.filter((name) => name !== ENTRY), "shared"].flatMap((name) => {
  const others = COMMANDS.filter((other) => other !== name).join("|");
  const message = "A command imports its own folder and commands/shared/ only (docs/architecture.md).";
  return [
    restricted([`commands/${name}.ts`], [...patternsOf("commands"), { regex: `^\\./(${others})(/|$)`, message }]),
    restricted([`commands/${name}/*.ts`], [...patternsOf("commands"), { regex: `^\\.\\./(${others})(/|$)`, message }]),
  ];
});

const configuration = {
  selector:
    "MemberExpression[object.name='pulumi'][property.name='Config'], MemberExpression[property.name='allConfig']",
  message: "Only config/pulumi.ts reads the stack's configuration.",
};

/** The files that may start a program: the Docker client, and what runs Pulumi and other programs of this machine. */
const STARTS_PROGRAMS = ["engine/docker.ts", "engine/process.ts", "commands/shared/run.ts"];

const dockerElsewhere = {
  selector:
    "CallExpression[callee.name=/^(capture|exec|execFile|show|spawn|spawnSync)$/][arguments.0.value=/^docker( |$)/]",
  message: "Only engine/docker.ts runs the Docker CLI: use DockerClient.",
};

const unhardenedContainer = {
  selector: "ArrayExpression[elements.0.value=/^(create|run)$/]:not(:has(CallExpression[callee.name='ephemeralArgs']))",
  message: "A container that is made for a time goes through ephemeralArgs (hardening/container/ephemeral.ts).",
};

export default tseslint.config(
  { ignores: ["**/*.cjs", "dist/", "node_modules/", ".rampart/", "coverage/"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "max-lines": ["error", { max: 350, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 4],
      eqeqeq: "error",
    },
  },
  ...layers,
  ...commands,
  {
    files: Object.keys(ROOMS).map((room) => `${room}/**/*.ts`),
    ignores: ["config/pulumi.ts", "engine/docker.ts"],
    rules: { "no-restricted-syntax": ["error", configuration, dockerElsewhere, unhardenedContainer] },
  },
  {
    files: Object.keys(ROOMS).map((room) => `${room}/**/*.ts`),
    ignores: STARTS_PROGRAMS,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [
            {
              name: "node:child_process",
              message: `Only ${STARTS_PROGRAMS.join(", ")} start programs; an engine is asked by DockerClient.`,
            },
          ],
        },
      ],
    },
  },
  // A zod schema's type is inferred: writing it out would be the schema a second time.
  {
    files: ["config/schema/*.ts"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  // A test file holds the cases of one subject; tables of cases are long.
  {
    files: ["test/**/*.ts"],
    rules: { "max-lines": ["error", { max: 700, skipBlankLines: true, skipComments: true }] },
  },
  // A suite is an array of checks that its annotation types; the rule does not look through arrays.
  { files: ["test/e2e/suites/*.ts"], rules: { "@typescript-eslint/explicit-module-boundary-types": "off" } },
  // The rule takes a program whose exports are one object (`export =`) for a file of types.
  { files: ["index.ts"], rules: { "@typescript-eslint/consistent-type-imports": "off" } },
  { files: ["**/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
