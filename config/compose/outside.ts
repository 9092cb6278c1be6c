/** Which variables show that a program opens connections to the internet. */

const OUTSIDE =
  /SMTP|MAIL(?:GUN|ER|_HOST|_SERVER)|(?:^|_)S3_|AWS_|STRIPE|OPENAI|ANTHROPIC|SENTRY_DSN|WEBHOOK|OAUTH|OIDC|GITHUB|GITLAB_|GOOGLE|SLACK|TWILIO|SENDGRID|TELEGRAM|DISCORD|RECAPTCHA|CLOUDFLARE/;

/** A variable of a service on the internet; a switch that turns one off is none. */
export const leadsOut = (name: string, value: string): boolean =>
  OUTSIDE.test(name) && value !== "" && !/^(?:false|no|off|0|none|localhost|[a-z_-]+)$/i.test(value);
