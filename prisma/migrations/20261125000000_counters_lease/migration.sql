-- CreateTable
CREATE TABLE "counters_lease" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "gateway_id" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "counters_lease_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "counters_lease" ADD CONSTRAINT "counters_lease_one_row" CHECK ("id" = 1);
