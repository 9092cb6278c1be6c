import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import {
  authorityCertificate,
  clientCertificate,
  serverCertificate,
  type IssuedCertificate,
} from "../hardening/pki/certificates";
import { SEED_BYTES } from "../hardening/pki/keys";
import { certificatePeriod, type CertificatePeriod } from "../hardening/pki/period";
import { defined } from "../hardening/defined";
import type { CertificateOutputs } from "../resources/edge-certificates";

/**
 * The stack's own certificate authority. All that the state keeps is a seed; certificates follow from it and from the
 * quarter of the year, so that `pulumi up` renews them and a preview in between is empty.
 */
export class Authority extends pulumi.ComponentResource {
  /** The authority's certificate in PEM; it stays the same when servers' certificates are renewed. */
  readonly certificate: pulumi.Output<string>;
  readonly period: CertificatePeriod;
  private readonly seed: pulumi.Output<string>;

  constructor(
    name: string,
    private readonly args: {
      readonly stackName: string;
      /** Another text renews every server's certificate, with another key. */
      readonly rotation?: string;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:pki:Authority", name, {}, opts);
    this.period = certificatePeriod(new Date());
    this.seed = pulumi.secret(new random.RandomBytes(`${name}-seed`, { length: SEED_BYTES }, { parent: this }).base64);
    this.certificate = pulumi.unsecret(
      this.seed.apply((seed) => authorityCertificate({ seed, stackName: args.stackName })),
    );
    this.registerOutputs({ certificate: this.certificate });
  }

  /** A server's certificate. `names` are the DNS names and addresses by which clients reach it. */
  server(server: string, names: readonly string[]): CertificateOutputs {
    const { stackName, rotation } = this.args;
    return split(
      this.seed.apply((seed) =>
        serverCertificate({
          seed,
          stackName,
          server,
          names,
          period: this.period,
          ...defined({ rotation }),
        }),
      ),
    );
  }

  /** A client's certificate; see `clientCertificate`. */
  client(client: string): CertificateOutputs {
    return split(this.seed.apply((seed) => clientCertificate({ seed, stackName: this.args.stackName, client })));
  }
}

function split(issued: pulumi.Output<IssuedCertificate>): CertificateOutputs {
  return {
    certificate: pulumi.unsecret(issued.apply(({ certificate }) => certificate)),
    privateKey: issued.apply(({ privateKey }) => privateKey),
  };
}
