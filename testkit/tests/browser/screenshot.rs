//! Pictures of the pages, for people to look at.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::chromium::Chromium;

/// Width and height in CSS pixels, and whether it is a telephone.
const SCREENS: [(&str, u32, u32, bool); 2] =
    [("desktop", 1024, 768, false), ("phone", 390, 844, true)];

/// Takes the page as it is on either screen, in the light and in the dark.
///
/// Nothing may be wider than the screen.
pub(crate) async fn photograph(browser: &Chromium, name: &str) -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&folder)?;
    for (screen, width, height, mobile) in SCREENS {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": mobile });
        browser
            .devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await?;
        for scheme in ["light", "dark"] {
            let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
            browser
                .devtools(
                    "Emulation.setEmulatedMedia",
                    json!({ "features": [feature] }),
                )
                .await?;
            let picture = browser.client.screenshot().await?;
            fs::write(
                folder.join(format!("{name}-{screen}-{scheme}.png")),
                picture,
            )?;
        }
        let needed = browser
            .client
            .execute("return document.documentElement.scrollWidth", Vec::new())
            .await?;
        ensure!(
            needed.as_u64() <= Some(width.into()),
            "{name} is {needed} pixels wide on a screen of {width}"
        );
    }
    browser
        .devtools("Emulation.clearDeviceMetricsOverride", json!({}))
        .await?;
    browser
        .devtools("Emulation.setEmulatedMedia", json!({}))
        .await?;
    Ok(())
}
