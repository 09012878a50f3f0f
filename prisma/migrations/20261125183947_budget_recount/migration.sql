-- AlterTable
ALTER TABLE "budgets" ADD COLUMN     "recount" INTEGER NOT NULL DEFAULT 0;
