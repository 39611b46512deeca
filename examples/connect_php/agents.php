<?php
// Which agent takes the call: a Connect application in plain PHP.
//
// Run it with `php -S 127.0.0.1:9000 agents.php`, or put it behind any web server; the Connect URL is
// `http://…:9000/connect`, the Fallback URL `http://…:9000/fallback`.

declare(strict_types=1);

const DAY = ['+919812300001', '+919812300002']; // from 9 to 18 h, in the order in which they are rung
const NIGHT = ['+919812300003'];
const FRONT_DESK = '+918047100009';

// Without this line PHP says text/html, and that is no answer.
function answer(array $fields): void
{
    header('Content-Type: application/json');
    echo json_encode($fields, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
}

// Name the next agent who was not rung yet; nobody when all were.
function connect(): void
{
    // The platform's own clock, in the account's time zone: "2026-01-13 11:44:56".
    $hour = (int) substr($_GET['CurrentTime'] ?? '1970-01-01 12:00:00', 11, 2);
    $agents = 9 <= $hour && $hour < 18 ? DAY : NIGHT;
    // After a failed attempt every leg so far is told (PHP makes an array of `Legs[0][Number]`), with
    // numbers as "0…" or "+91…": compare ten digits.
    $rung = array_map(fn (array $leg): string => substr($leg['Number'] ?? '', -10), $_GET['Legs'] ?? []);
    $left = array_values(array_filter(
        $agents,
        fn (string $agent): bool => !in_array(substr($agent, -10), $rung, true),
    ));
    $here = getenv('PUBLIC_URL') ?: 'http://' . $_SERVER['HTTP_HOST'];
    answer([
        'fetch_after_attempt' => count($left) > 1,
        'destination' => ['numbers' => array_slice($left, 0, 1)],
        'record' => true,
        'recording_channels' => 'dual',
        'max_ringing_duration' => 20,
        'dial_passthru_event_url' => "$here/events",
    ]);
}

// Asked when `connect` fails or is slow: needs nothing that could fail with it.
function fallback(): void
{
    answer(['destination' => ['numbers' => [FRONT_DESK]]]);
}

// Told who is being rung: `busy` from the first ring, `free` when that leg is over.
function events(): void
{
    error_log(implode(' ', [$_GET['EventType'] ?? '', $_GET['DialWhomNumber'] ?? '', $_GET['Status'] ?? '']));
    answer([]);
}

match (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    '/connect' => connect(),
    '/fallback' => fallback(),
    '/events' => events(),
    default => http_response_code(404),
};
