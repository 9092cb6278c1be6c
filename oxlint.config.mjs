/**
 * The lint rules of `npm run check`, which also reports what TypeScript does. test/lint.test.ts shows that each rule
 * bites.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * What each room may import, from the top down: docs/architecture.md. Two rooms on one line of the picture never
 * meet.
 */
const ROOMS = {
  commands: ["verify", "plan", "components", "resources", "engine", "config", "hardening"],
  policy: ["hardening"],
  plan: ["components", "resources", "engine", "config", "hardening"],
  verify: ["plan", "resources", "engine", "config", "hardening"],
  components: ["resources", "engine", "config", "hardening"],
  resources: ["engine", "config", "hardening"],
  engine: ["hardening"],
  config: ["hardening"],
  hardening: [],
};
const ROOM_FILES = Object.keys(ROOMS).map((room) => `${room}/**/*.ts`);

const patternsOf = (room) => {
  const below = ROOMS[room];
  const open = below.length === 0 ? "no other room" : `only ${below.map((name) => `${name}/`).join(", ")}`;
  const closed = [...Object.keys(ROOMS), "test"].filter((other) => other !== room && !below.includes(other));
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

/**
 * The files that may start a program: the Docker client, what runs Pulumi and other programs of this machine, and what
 * asks one for a secret.
 */
const STARTS_PROGRAMS = ["engine/docker.ts", "engine/process.ts", "commands/shared/run.ts", "config/sources/run.ts"];

const startsPrograms = {
  name: "node:child_process",
  message: `Only ${STARTS_PROGRAMS.join(", ")} start programs; an engine is asked by DockerClient.`,
};

/** What files must not import. The last override of a rule counts as a whole, so that the two sets are whole lists. */
const restricted = (files, patterns) =>
  [
    { files, excludeFiles: STARTS_PROGRAMS, paths: [startsPrograms] },
    { files: STARTS_PROGRAMS.filter((file) => files.some((glob) => matches(file, glob))), paths: [] },
  ]
    .filter(({ files }) => files.length > 0)
    .map(({ paths, ...where }) => ({
      ...where,
      rules: { "eslint/no-restricted-imports": ["error", { paths, patterns }] },
    }));

/** Whether a file is in the folder that a pattern names, and as deep as the pattern says. */
const matches = (file, glob) => {
  const folder = glob.slice(0, glob.indexOf("*"));
  return file.startsWith(folder) && (glob.includes("**") || !file.slice(folder.length).includes("/"));
};

const layers = Object.keys(ROOMS).flatMap((room) => restricted([`${room}/**/*.ts`], patternsOf(room)));

const ENTRY = "rampart";
const COMMANDS = readdirSync(join(import.meta.dirname, "commands"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));

/**
 * A command imports its own folder and commands/shared/; what two commands need moves to the latter. Only the entry
 * imports commands.
 */
const commands = [...COMMANDS.filter((name) => name !== ENTRY), "shared"].flatMap((name) => {
  const others = COMMANDS.filter((other) => other !== name).join("|");
  const message = "A command imports its own folder and commands/shared/ only (docs/architecture.md).";
  return [
    ...restricted([`commands/${name}.ts`], [...patternsOf("commands"), { regex: `^\\./(${others})(/|$)`, message }]),
    ...restricted(
      [`commands/${name}/*.ts`],
      [...patternsOf("commands"), { regex: `^\\.\\./(${others})(/|$)`, message }],
    ),
  ];
});

const configuration = {
  selector:
    "MemberExpression[object.name='pulumi'][property.name='Config'], MemberExpression[property.name='allConfig']",
  message: "Only config/pulumi.ts reads the stack's configuration.",
};

const dockerElsewhere = {
  selector:
    "CallExpression[callee.name=/^(capture|exec|execFile|show|spawn|spawnSync)$/][arguments.0.value=/^docker( |$)/]",
  message: "Only engine/docker.ts runs the Docker CLI: use DockerClient.",
};

const unhardenedContainer = {
  selector: "ArrayExpression[elements.0.value=/^(create|run)$/]:not(:has(CallExpression[callee.name='ephemeralArgs']))",
  message: "A container that is made for a time goes through ephemeralArgs (hardening/container/ephemeral.ts).",
};

/** What typescript-eslint recommends: https://typescript-eslint.io/users/configs#recommended */
const RECOMMENDED = [
  "eslint/no-array-constructor",
  "eslint/no-unused-expressions",
  "eslint/no-unused-vars",
  "typescript/ban-ts-comment",
  "typescript/no-duplicate-enum-values",
  "typescript/no-empty-object-type",
  "typescript/no-explicit-any",
  "typescript/no-extra-non-null-assertion",
  "typescript/no-misused-new",
  "typescript/no-namespace",
  "typescript/no-non-null-asserted-optional-chain",
  "typescript/no-require-imports",
  "typescript/no-this-alias",
  "typescript/no-unnecessary-type-constraint",
  "typescript/no-unsafe-declaration-merging",
  "typescript/no-unsafe-function-type",
  "typescript/no-wrapper-object-types",
  "typescript/prefer-as-const",
  "typescript/prefer-namespace-keyword",
  "typescript/triple-slash-reference",
];

/** What typescript-eslint recommends for code whose types are known, and of ESLint's rules for TypeScript. */
const RECOMMENDED_TYPED = [
  "eslint/no-var",
  "eslint/prefer-const",
  "eslint/prefer-rest-params",
  "eslint/prefer-spread",
  "typescript/await-thenable",
  "typescript/no-array-delete",
  "typescript/no-base-to-string",
  "typescript/no-duplicate-type-constituents",
  "typescript/no-floating-promises",
  "typescript/no-for-in-array",
  "typescript/no-implied-eval",
  "typescript/no-misused-promises",
  "typescript/no-redundant-type-constituents",
  "typescript/no-unnecessary-type-assertion",
  "typescript/no-unsafe-argument",
  "typescript/no-unsafe-assignment",
  "typescript/no-unsafe-call",
  "typescript/no-unsafe-enum-comparison",
  "typescript/no-unsafe-member-access",
  "typescript/no-unsafe-return",
  "typescript/no-unsafe-unary-minus",
  "typescript/only-throw-error",
  "typescript/prefer-promise-reject-errors",
  "typescript/require-await",
  "typescript/restrict-plus-operands",
  "typescript/restrict-template-expressions",
  "typescript/unbound-method",
];

const errors = (names) => Object.fromEntries(names.map((name) => [name, "error"]));

export default {
  plugins: ["typescript"],
  jsPlugins: ["./scripts/lint-rules.mjs"],
  categories: { correctness: "off" },
  // A warning is a project whose types cannot be read.
  options: { denyWarnings: true, reportUnusedDisableDirectives: "error", typeAware: true, typeCheck: true },
  ignorePatterns: ["**/*.cjs", "dist/", ".rampart/", "coverage/"],
  rules: {
    ...errors(RECOMMENDED),
    "eslint/eqeqeq": "error",
    "eslint/max-lines": ["error", { max: 350, skipBlankLines: true, skipComments: true }],
    "eslint/max-params": ["error", { max: 4 }],
    "eslint/no-unused-expressions": [
      "error",
      { allowShortCircuit: false, allowTaggedTemplates: false, allowTernary: false },
    ],
    // A name that nothing uses is a fault even where it begins with an underscore.
    "eslint/no-unused-vars": ["error", { argsIgnorePattern: "^$", varsIgnorePattern: "^$" }],
    "typescript/consistent-type-imports": "error",
    "typescript/explicit-module-boundary-types": "error",
    "typescript/no-non-null-assertion": "error",
  },
  overrides: [
    {
      files: ["**/*.ts"],
      rules: {
        ...errors(RECOMMENDED_TYPED),
        "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      },
    },
    ...layers,
    ...commands,
    {
      files: ROOM_FILES,
      excludeFiles: ["config/pulumi.ts", "engine/docker.ts"],
      rules: { "rampart/no-restricted-syntax": ["error", configuration, dockerElsewhere, unhardenedContainer] },
    },
    // A zod schema's type is inferred: writing it out would be the schema a second time.
    { files: ["config/schema/*.ts"], rules: { "typescript/explicit-module-boundary-types": "off" } },
    // A test file holds the cases of one subject; tables of cases are long.
    {
      files: ["test/**/*.ts"],
      rules: { "eslint/max-lines": ["error", { max: 700, skipBlankLines: true, skipComments: true }] },
    },
    // A suite is an array of checks that its annotation types; the rule does not look through arrays.
    { files: ["test/e2e/suites/*.ts"], rules: { "typescript/explicit-module-boundary-types": "off" } },
    // The rule takes a program whose exports are one object (`export =`) for a file of types.
    { files: ["index.ts"], rules: { "typescript/consistent-type-imports": "off" } },
  ],
};
