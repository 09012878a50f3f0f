/** @type {import('next').NextConfig} */
export default {
  // Several builds of one tree (a test beside a running product) need a folder each.
  distDir: process.env.NEXT_DIST_DIR || '.next',
  poweredByHeader: false,
  reactStrictMode: true,
  // tsc runs in `npm run check`, over the rooms that Next does not see too.
  typescript: { ignoreBuildErrors: true },
  // Native or WebAssembly inside: loaded by Node from node_modules, never bundled.
  serverExternalPackages: ['pg', '@node-rs/argon2', '@prisma/client', '@prisma/adapter-pg'],
  turbopack: { root: import.meta.dirname },
}
