#include "mq_internal.h"

struct metric MQ_CONNECTED = {
    .name = "amqp_connected",
    .help = "Whether the broker is connected",
    .kind = METRIC_GAUGE,
};
struct metric MQ_PUBLISHED = {
    .name = "amqp_published_total",
    .help = "Messages published, by outcome",
    .kind = METRIC_COUNTER,
    .labels = "result",
};
struct metric MQ_CONSUMED = {
    .name = "amqp_consumed_total",
    .help = "Messages delivered by the broker",
    .kind = METRIC_COUNTER,
    .labels = "queue",
};
struct metric MQ_HANDLED = {
    .name = "amqp_handled_total",
    .help = "Deliveries handled, by what became of them and why",
    .kind = METRIC_COUNTER,
    .labels = "queue,result,code",
};
struct metric MQ_DURATION = {
    .name = "amqp_handler_duration_seconds",
    .help = "Time spent in message handlers",
    .kind = METRIC_HISTOGRAM,
    .labels = "queue",
};
