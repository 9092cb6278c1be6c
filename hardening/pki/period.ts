/**
 * When certificates begin, end and are renewed. The dates follow only from the day, so that two runs on one day, on
 * two machines, make the same certificates and a preview shows nothing.
 */

const DAY = 86_400_000;
/** A new certificate each quarter: the first `pulumi up` in it renews. */
export const RENEWAL_DAYS = 90;
/** The CA/Browser Forum's longest (398) less a day; clients that look (Go, macOS) take it. */
export const VALIDITY_DAYS = 397;

export interface CertificatePeriod {
  /** Counts quarters of `RENEWAL_DAYS` since 1970. */
  readonly index: number;
  /** A day before the period begins, for clocks that are behind. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** From here on `pulumi up` renews. */
  readonly renewFrom: Date;
}

/** The period that a moment falls into. */
export function certificatePeriod(now: Date): CertificatePeriod {
  const index = Math.floor(now.getTime() / (RENEWAL_DAYS * DAY));
  const start = index * RENEWAL_DAYS * DAY;
  return {
    index,
    notBefore: new Date(start - DAY),
    notAfter: new Date(start + VALIDITY_DAYS * DAY),
    renewFrom: new Date(start + RENEWAL_DAYS * DAY),
  };
}
