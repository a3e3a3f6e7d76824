//! A QUIC peer that tests drive: arguments say which role it has and how it is configured; then each line of standard
//! input is a command, and each is answered with one line of standard output. All of it is JSON. It ends with its input.

mod client;
mod config;
mod connection;
mod options;
mod server;

use connection::{Outcome, PeerConnection};
use options::{Options, Role};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

/// What is particular to a role.
enum Side {
    Client(client::Client),
    Server(server::Server),
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = Options::parse(std::env::args());
    let mut side = match options.role {
        Role::Client => Side::Client(client::Client::new(options)),
        Role::Server => Side::Server(server::Server::new(options)),
    };
    println!(
        "{}",
        match &side {
            Side::Client(_) => json!({}),
            Side::Server(server) => json!({ "port": server.port() }),
        }
    );
    let mut commands = BufReader::new(stdin()).lines();
    let mut connection = None;
    while let Some(line) = commands.next_line().await.expect("commands") {
        let command: Value = serde_json::from_str(&line).expect("JSON");
        let (ok, mut answer) = match carry_out(&mut side, &mut connection, &command).await {
            Ok(answer) => (true, answer),
            Err(how) => (false, how),
        };
        answer["ok"] = json!(ok);
        println!("{answer}");
    }
}

/// Does what a command asks; `connection` is the one that further commands are about.
async fn carry_out(side: &mut Side, connection: &mut Option<PeerConnection>, command: &Value) -> Outcome {
    let text = |name: &str| command[name].as_str().unwrap_or_default();
    let number = |name: &str| command[name].as_u64().unwrap_or_default() as u32;
    let name = text("command");
    match (name, &mut *side) {
        ("connect", Side::Client(client)) => {
            let (opened, answer) = client.connect(command["early"].as_str()).await?;
            *connection = Some(opened);
            return Ok(answer);
        }
        ("rebind", Side::Client(client)) => return Ok(client.rebind()),
        ("accept", Side::Server(server)) => {
            let (accepted, answer) = server.accept().await?;
            *connection = Some(accepted);
            return Ok(answer);
        }
        ("forget-tickets", Side::Server(server)) => {
            server.forget_tickets();
            return Ok(json!({}));
        }
        _ => {}
    }
    let connection = connection.as_mut().expect("a connection");
    match name {
        "talk" => connection.talk(text("text")).await,
        "exchange" => {
            connection
                .exchange(number("count") as usize, number("bytes") as usize)
                .await
        }
        "break" => connection.break_off(number("code")).await,
        "broken" => connection.broken().await,
        "close" => {
            connection.close(number("code"), text("reason"));
            Ok(json!({}))
        }
        "closed" => Ok(connection.ended().await),
        "update-keys" => {
            connection.quic.force_key_update();
            Ok(json!({}))
        }
        "ids" => Ok(connection.ids()),
        "mtu" => Ok(json!({ "bytes": connection.quic.stats().path.current_mtu })),
        "address" => Ok(json!({ "port": connection.quic.remote_address().port() })),
        _ => panic!("there is no command {name}"),
    }
}
