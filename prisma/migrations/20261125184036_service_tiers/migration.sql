-- AlterTable
ALTER TABLE "prices" ADD COLUMN     "service_tiers" JSONB NOT NULL DEFAULT '{}';
