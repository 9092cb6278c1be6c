import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appArmorFiles } from "../hardening/confinement/apparmor";
import { command } from "./shared/command";
import { messageOf, UserError } from "./shared/errors";
import { anyText } from "./shared/options";

/** A profile is no secret, and the tools that list profiles read it as any user. */
const PROFILE_MODE = 0o644;

export const apparmor = command({
  name: "apparmor",
  summary: "writes the AppArmor profiles, for the host's administrator to load",
  about:
    "Prints the AppArmor profiles, or writes each to a file of a directory. An engine never loads a profile: the " +
    "host's administrator does, with `apparmor_parser` or `npx rampart apparmor install`. docs/confinement.md says " +
    "more.",
  stack: "none",
  options: {
    out: { value: "DIR", summary: "the directory to write the profiles to (default: prints them)", read: anyText },
    complain: { summary: "profiles that log what they would refuse" },
  },
  run: ({ print }, { options: { out, complain } }) => {
    const files = appArmorFiles({ complain });
    if (out === undefined) {
      print.result(files.map(({ text }) => text).join("\n"));
      return Promise.resolve(0);
    }
    try {
      mkdirSync(out, { recursive: true });
      for (const { name, text } of files) {
        const path = join(out, name);
        writeFileSync(path, text);
        // Not by writeFileSync's own mode: the umask narrows that, and a file that exists keeps its old one.
        chmodSync(path, PROFILE_MODE);
        print.result(`wrote ${path}`);
      }
    } catch (error) {
      throw new UserError(`The profiles were not written to ${out}: ${messageOf(error)}`);
    }
    print.result(`Load on the host as root, from the same directory: apparmor_parser -r ${join(out, "rampart-*")}`);
    return Promise.resolve(0);
  },
});
