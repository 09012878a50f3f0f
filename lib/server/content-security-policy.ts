/**
 * Pages carry inline scripts of the framework's own (hydration, the theme before the first paint); nothing comes from
 * elsewhere, nobody frames the console, and no form leaves it. `connectTo` is the one other origin that a page may call.
 */
export function contentSecurityPolicy(connectTo?: string): string {
  return [
    "default-src 'self'",
    ...(connectTo === undefined ? [] : [`connect-src 'self' ${connectTo}`]),
    `script-src 'self' 'unsafe-inline'${process.env.NODE_ENV === 'production' ? '' : " 'unsafe-eval'"}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ].join('; ')
}
