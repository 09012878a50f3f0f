-- AlterTable
ALTER TABLE "route_targets" ADD COLUMN     "group_name" TEXT;
