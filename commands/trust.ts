import { chmodSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { command } from "./shared/command";
import { stackFileOf } from "./shared/project";
import { readOutputs } from "./shared/stack-outputs";
import { makePrivateDirectory, statePaths } from "./shared/state";
import { DEFAULT_STACK } from "./shared/workspace";
import { authorityOf, trustText } from "./trust/instructions";

/** A certificate is no secret, and the stores of the machine copy it as another user. */
const CERTIFICATE_MODE = 0o644;

export const trust = command({
  name: "trust",
  summary: "says how to trust the certificates of a self-signed stack",
  about:
    "Writes the certificate of the stack's own authority to .rampart/<stack>-ca.pem, and prints how to trust the " +
    "certificate once on macOS, Debian, Fedora, Windows and in Firefox, and how to take it back. Changes nothing " +
    "of the " +
    "machine by itself.",
  stack: "optional",
  options: {},
  run: async ({ root, env, print }, { stack = DEFAULT_STACK }) => {
    const project = stackFileOf(root, stack, undefined)?.project ?? "rampart";
    const authority = authorityOf(stack, await readOutputs({ root, project, stack, env }));
    const { directory } = statePaths(root);
    makePrivateDirectory(directory);
    const path = join(directory, `${stack}-ca.pem`);
    writeFileSync(path, authority.certificate);
    chmodSync(path, CERTIFICATE_MODE);
    print.result(
      trustText(authority, { stack, path: relative(process.cwd(), path) || path, platform: process.platform }),
    );
    return 0;
  },
});
