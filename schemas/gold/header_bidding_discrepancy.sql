-- Header bidding as the partner counts it, beside the ad server: one row per day and site.
--
-- Partner: wins and what they are worth, of gold.bidder_daily. Ad server: impressions and revenue of the channel
-- price_priority, through which header bids are sold, of gold.yield_hourly. Apps have no site at the ad server and are
-- left out. Discrepancy is (partner - ad server) / ad server; it is null where the ad server has nothing, and where the
-- partner's revenue is not known. is_alarm: one of the two is above 10 % in either direction; null when both are null.
-- A win at the partner is not yet a shown ad: what the ad server chose instead is part of the discrepancy.
--
-- Amounts are micros of the network currency; days are UTC. Where wins_unconverted or revenue_unknown_impressions is
-- not 0, revenue is missing on that side. Portable: Spark, DuckDB, Trino and Athena read it as it is; register the two
-- tables as bidder_daily and yield_hourly.
SELECT
    event_date,
    site,
    partner_impressions,
    ad_server_impressions,
    CASE WHEN ad_server_impressions <> 0
        THEN CAST(partner_impressions - ad_server_impressions AS DOUBLE) / ad_server_impressions
    END AS impressions_discrepancy,
    partner_revenue_micros,
    ad_server_revenue_micros,
    CASE WHEN ad_server_revenue_micros <> 0
        THEN CAST(partner_revenue_micros - ad_server_revenue_micros AS DOUBLE) / ad_server_revenue_micros
    END AS revenue_discrepancy,
    wins_unconverted,
    revenue_unknown_impressions,
    CASE
        WHEN ad_server_impressions <> 0
            AND 10 * abs(partner_impressions - ad_server_impressions) > abs(ad_server_impressions) THEN true
        WHEN ad_server_revenue_micros <> 0
            AND 10 * abs(partner_revenue_micros - ad_server_revenue_micros) > abs(ad_server_revenue_micros) THEN true
        WHEN ad_server_impressions <> 0 OR (ad_server_revenue_micros <> 0 AND partner_revenue_micros IS NOT NULL)
            THEN false
    END AS is_alarm
FROM (
    SELECT
        event_date,
        site,
        CAST(sum(partner_impressions) AS BIGINT) AS partner_impressions,
        CAST(sum(ad_server_impressions) AS BIGINT) AS ad_server_impressions,
        -- no wins are worth nothing, wins that nobody can convert are not known
        CASE WHEN sum(partner_impressions) = 0 THEN CAST(0 AS BIGINT)
            ELSE CAST(sum(partner_revenue_micros) AS BIGINT)
        END AS partner_revenue_micros,
        CAST(sum(ad_server_revenue_micros) AS BIGINT) AS ad_server_revenue_micros,
        CAST(sum(wins_unconverted) AS BIGINT) AS wins_unconverted,
        CAST(sum(revenue_unknown_impressions) AS BIGINT) AS revenue_unknown_impressions
    FROM (
        SELECT
            event_date,
            site,
            wins AS partner_impressions,
            0 AS ad_server_impressions,
            win_revenue_micros AS partner_revenue_micros,
            0 AS ad_server_revenue_micros,
            wins_unconverted,
            0 AS revenue_unknown_impressions
        FROM bidder_daily
        WHERE NOT is_app
        UNION ALL
        SELECT
            event_date,
            site,
            0 AS partner_impressions,
            impressions AS ad_server_impressions,
            CAST(NULL AS BIGINT) AS partner_revenue_micros,
            revenue_micros AS ad_server_revenue_micros,
            0 AS wins_unconverted,
            revenue_unknown_impressions
        FROM yield_hourly
        WHERE channel = 'price_priority'
    ) AS both_sides
    GROUP BY event_date, site
) AS by_day_and_site
