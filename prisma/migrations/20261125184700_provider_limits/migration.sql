-- AlterTable
ALTER TABLE "providers" ADD COLUMN     "limits" JSONB NOT NULL DEFAULT '[]';
