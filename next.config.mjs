// Pages carry inline scripts of the framework's own (hydration, the theme before the first paint); nothing comes from
// elsewhere, nobody frames the console, and no form leaves it.
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  `script-src 'self' 'unsafe-inline'${process.env.NODE_ENV === 'production' ? '' : " 'unsafe-eval'"}`,
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ')

/** @type {import('next').NextConfig} */
export default {
  // Several builds of one tree (a test beside a running product) need a folder each.
  distDir: process.env.NEXT_DIST_DIR || '.next',
  // Only what the server needs of node_modules, for the image of the admin (scripts/build/image.ts).
  ...(process.env.NEXT_OUTPUT === 'standalone' ? { output: 'standalone' } : {}),
  // Nothing is resized here: no picture of the console comes through Next's image service.
  images: { unoptimized: true },
  poweredByHeader: false,
  reactStrictMode: true,
  // tsc runs in `npm run check`, over the rooms that Next does not see too.
  typescript: { ignoreBuildErrors: true },
  // Native or WebAssembly inside: loaded by Node from node_modules, never bundled.
  serverExternalPackages: ['pg', '@node-rs/argon2', '@prisma/client', '@prisma/adapter-pg'],
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'content-security-policy', value: CONTENT_SECURITY_POLICY },
        { key: 'x-content-type-options', value: 'nosniff' },
        { key: 'x-frame-options', value: 'DENY' },
        { key: 'referrer-policy', value: 'same-origin' },
        { key: 'cross-origin-opener-policy', value: 'same-origin' },
        { key: 'permissions-policy', value: 'camera=(), geolocation=(), microphone=()' },
      ],
    },
  ],
  turbopack: { root: import.meta.dirname },
}
