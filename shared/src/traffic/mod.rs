//! What splits a service's traffic: one file per kind. What can be set can be read back.

mod nginx;

use crate::config;
use crate::error::{Error, Result};
use crate::http::Http;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// The canary's part of the traffic, in hundredths of a percent: 0 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Weight(u32);

impl Weight {
    /// Everything goes to stable.
    pub const NONE: Self = Self(0);
    /// Everything goes to the canary.
    pub const ALL: Self = Self(10_000);

    /// From 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

impl TryFrom<u32> for Weight {
    type Error = Error;

    fn try_from(hundredths: u32) -> Result<Self> {
        if hundredths <= 10_000 {
            Ok(Self(hundredths))
        } else {
            Err(Error::config(format!(
                "{hundredths} hundredths of a percent are more than 100 %"
            )))
        }
    }
}

impl From<Weight> for u32 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl From<config::Share> for Weight {
    fn from(share: config::Share) -> Self {
        // A share is at most 1, and the configuration allows no finer step.
        Self((share.fraction() * 10_000.0).round() as u32)
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} %", f64::from(self.0) / 100.0)
    }
}

/// A router of any kind.
#[derive(Clone, Debug)]
pub enum Router {
    /// See [`config::NginxRouter`].
    Nginx(config::NginxRouter),
}

/// What it takes to reach a router.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// For routers that answer over HTTP.
    pub http: &'a Http,
    /// The folder that relative paths and commands start from.
    pub root: &'a Path,
    /// The run's id, written beside the weight.
    pub run: &'a str,
}

impl Router {
    /// The router that the configuration describes.
    pub fn of(router: &config::Router) -> Self {
        match router {
            config::Router::Nginx(nginx) => Self::Nginx(nginx.clone()),
        }
    }

    /// What setting this weight would do, for `--plan`.
    pub fn set_call(&self, weight: Weight) -> String {
        match self {
            Self::Nginx(router) => nginx::set_call(router, weight),
        }
    }

    /// Sets the weight and returns when the router says that it applies.
    pub async fn set_weight(&self, weight: Weight, reach: Reach<'_>) -> Result<()> {
        match self {
            Self::Nginx(router) => nginx::set_weight(router, weight, reach).await,
        }
    }

    /// The weight that applies now, asked of the running router.
    pub async fn weight(&self, reach: Reach<'_>) -> Result<Weight> {
        match self {
            Self::Nginx(router) => nginx::weight(router, reach).await,
        }
    }

    /// The command that shows the weight by hand.
    pub fn reproduce(&self) -> String {
        match self {
            Self::Nginx(router) => nginx::reproduce(router),
        }
    }
}
