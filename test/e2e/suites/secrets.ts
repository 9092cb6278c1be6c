import { containers, docker, filesOf, ids, LABEL, mustDocker, nameOf } from "../lib/engine";
import { expect, expectNone, type Suite } from "../lib/runner";
import { databaseOf, mainOutputs, mainSettings, type Context } from "../lib/stacks";

interface Secret {
  readonly what: string;
  readonly value: string;
}

/** The real values: of the stack's secret outputs, and as the containers find them under /run/secrets. */
async function secrets(context: Context): Promise<Secret[]> {
  const database = databaseOf(mainOutputs(context));
  const found: Secret[] = [
    { what: "the superuser's password", value: database.superuserPassword },
    ...Object.entries(database.passwords).map(([role, value]) => ({ what: `${role}'s password`, value })),
  ];
  for (const one of await containers(context.main.name, true)) {
    for (const [file, content] of Object.entries(await filesOf(one.Id, "/run/secrets"))) {
      found.push({ what: `${nameOf(one)}'s ${file}`, value: content });
      const password = /^\w+:\/\/[^:/]*:([^@]+)@/.exec(content)?.[1];
      if (password !== undefined) found.push({ what: `the password in ${nameOf(one)}'s ${file}`, value: password });
    }
  }
  return found;
}

function leaks(text: string, where: string, values: readonly Secret[]): string[] {
  return values.flatMap(({ what, value }) => {
    // The last characters of base64 depend on what follows.
    const encoded = Buffer.from(value).toString("base64").replace(/=+$/, "").slice(0, -2);
    return [
      ...(text.includes(value) ? [`${what} in clear in ${where}`] : []),
      ...(text.includes(encoded) ? [`${what} in base64 in ${where}`] : []),
    ];
  });
}

export const secretsSuite: Suite<Context> = {
  name: "secrets",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "the services find theirs as files, and nobody else's",
      run: async (context) => {
        const files = Object.fromEntries(
          await Promise.all(
            (await containers(context.main.name)).map(async (one) => [
              nameOf(one),
              Object.keys(await filesOf(one.Id, "/run/secrets"))
                .map((path) => path.replace(/^secrets\//, ""))
                .sort()
                .join(" "),
            ]),
          ),
        ) as Record<string, string>;
        const expected: Record<string, string> = {
          api: "database_ca database_url jwt_secret redis_url",
          "docker-api-worker": "",
          edge: "",
          postgres: "ca.crt pg_hba.conf postgres_password server.crt server.key",
          redis: "",
          reports: "database_ca database_url",
          web: "",
          worker: "database_ca database_url",
        };
        expectNone(
          Object.entries(expected).flatMap(([name, wanted]) =>
            files[name] === wanted ? [] : [`${name} has "${files[name] ?? ""}", not "${wanted}"`],
          ),
        );
        const values = await secrets(context);
        expect(
          values.length >= 12 && values.every(({ value }) => value.length >= 32),
          `${values.length} secrets, the shortest of ${Math.min(...values.map(({ value }) => value.length))} ` +
            "characters",
        );
      },
    },
    {
      name: "none in docker inspect, of containers, carriers, networks or volumes",
      run: async (context) => {
        const filter = [`label=${LABEL.stack}=${context.main.name}`];
        const texts = await Promise.all(
          (["container", "network", "volume"] as const).map(async (kind) => {
            const names = await ids(kind, filter);
            expect(names.length > 0, `no ${kind}`);
            return { kind, text: await mustDocker([kind, "inspect", ...names]) };
          }),
        );
        const values = await secrets(context);
        expectNone(texts.flatMap(({ kind, text }) => leaks(text, `docker ${kind} inspect`, values)));
      },
    },
    {
      name: "none in the containers' logs",
      run: async (context) => {
        const values = await secrets(context);
        const all = await containers(context.main.name, true);
        const faults = await Promise.all(
          all.map(async (one) => leaks((await docker(["logs", one.Id])).output, `the log of ${nameOf(one)}`, values)),
        );
        expectNone(faults.flat());
      },
    },
    {
      name: "none in the state, its history or the configuration",
      run: async (context) =>
        expectNone(leaks(await context.main.written(), "a file of the backend", await secrets(context))),
    },
    {
      name: "none in what up and preview --diff print, with a rotation and an upgrade pending",
      run: async (context) => {
        const { main, images } = context;
        main.configure(mainSettings(images, { app: images.appNext, jwtLength: 64, apiEnvironment: { FEATURE: "on" } }));
        const preview = await main.preview(["--diff"]);
        main.configure(mainSettings(images));
        expect(preview.code === 0 && /replace/.test(preview.output), preview.output);
        expectNone(leaks(main.log, "the CLI's output", await secrets(context)));
      },
    },
  ],
};
