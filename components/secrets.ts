import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { configSecret, generatedLength, sourcedSecret, type SecretSpec } from "../config";
import type { PasswordOptions, SecretSource } from "../resources/context";

/** The length of the passwords that Rampart makes for its own use: 190 bits of letters and digits. */
const PASSWORD_LENGTH = 32;

/** The secrets of a stack. Letters and digits only, so that no URL, SQL literal or shell ever needs escaping. */
export class Secrets extends pulumi.ComponentResource implements SecretSource {
  private readonly generated = new Map<string, pulumi.Output<string>>();

  constructor(
    private readonly name: string,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:secret:Secrets", name, {}, opts);
    this.registerOutputs({});
  }

  /** A password that is made once and kept in the state, encrypted. */
  password(key: string, { length = PASSWORD_LENGTH, rotation, protect }: PasswordOptions = {}): pulumi.Output<string> {
    const known = this.generated.get(key);
    if (known !== undefined) return known;
    // Without a rotation there are no keepers at all, as there were none before it.
    const keepers = rotation === undefined ? {} : { keepers: { rotation } };
    const password = new random.RandomPassword(
      `${this.name}-${key}`,
      { length, special: false, ...keepers },
      { parent: this, ...(protect === true ? { protect } : {}) },
    );
    const value = pulumi.secret(password.result);
    this.generated.set(key, value);
    return value;
  }

  /**
   * A secret that a service names: generated, and then shared by all that name it; from the configuration; or from
   * another program's keeping.
   */
  resolve(variable: string, spec: SecretSpec): pulumi.Output<string> {
    const length = generatedLength(spec);
    if (length !== undefined) return this.password(`secret-${variable.toLowerCase().replaceAll("_", "-")}`, { length });
    if (typeof spec === "object" && "config" in spec) return configSecret(spec.config);
    if (typeof spec === "object" && "from" in spec) return sourcedSecret(spec.from);
    throw new Error(`secrets.${variable}: not a specification of a secret`);
  }
}
