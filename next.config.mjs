import { contentSecurityPolicy } from './lib/server/content-security-policy.ts'

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
        // Of all that is no page: proxy.ts lets pages call the gateway too, whose address is known at the start alone.
        { key: 'content-security-policy', value: contentSecurityPolicy() },
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
