// For dependency-cruiser alone, which cannot read tsconfig.json under TypeScript 7: where `@/` leads.
module.exports = { resolve: { alias: { '@': process.cwd() } } }
